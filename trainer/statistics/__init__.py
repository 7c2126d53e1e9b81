"""What ratings say and how sure that is: plain values in, plain values out, no files, no models.

``data`` holds the observations (``Score``, ``Preference``, ``Mark`` …); the rest reads them:

- ``normalize.z_scores(scores)``: each reviewer's scores on one scale
- ``means.system_means(scores)``, ``means.differences(scores)``: with intervals
- ``resample.estimates(statistic, documents, reviewers)``: intervals of any statistic
- ``wins.win_matrix(preferences)``, ``wins.preferences_of(scores)``
- ``bradley_terry.strengths(preferences)``: with ties; unconnected systems are said
- ``clusters.clusters(scores)``: groups of systems that differ by more than chance
- ``agreement.score_agreement(scores)``, ``choice_agreement(preferences)``,
  ``span_agreement(marks, looked)``, ``rank_agreement(scores)``, ``self_consistency(repeats)``
- ``bias.position_bias(preferences)``, ``place_bias(scores)``, ``profiles(scores, timings)``
- ``errors.error_profile(marks, looked)``, ``span_scores(marks, looked)``
- ``power.documents_needed(scores)``: how much more it takes to separate two systems
- ``controls.control_results(spoiled)``: who noticed what was spoiled on purpose
- ``metrics.system_correlation(...)``, ``segment_correlation(...)``: automatic beside human
"""

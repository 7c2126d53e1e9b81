"""What a tab is given: the settings and the services that the whole app shares."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from translator.engines.pool import EnginePool
    from translator.jobs import BookJobs
    from translator.models.registry import Registry
    from translator.settings import Settings
    from translator.tabs.downloads import Downloads


@dataclass(frozen=True, slots=True)
class AppContext:
    """Passed to each tab's ``build``. Nothing in it belongs to one user.

    ``shared`` is true when the page can be reached from other machines: then a browser sees
    only the books that it brought itself, and files of this machine cannot be named.
    """

    settings: Settings
    registry: Registry
    pool: EnginePool
    jobs: BookJobs
    downloads: Downloads
    shared: bool = False

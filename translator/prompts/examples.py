"""Parallel example sentences, written for Verso, that show a model what a translation is.

Line N means the same in every language. The order matters: styles that show fewer examples
take the first ones (narration, a figure, a longer sentence, dialogue, a heading).
"""

from __future__ import annotations

EXAMPLES: dict[str, tuple[str, ...]] = {
    "en": (
        "The old harbour was quiet that morning, and only the gulls were awake.",
        "The museum, which opened in 1987, receives about 320 visitors a day.",
        "He had promised himself not to speak of the letter, yet it was the first thing he "
        "mentioned.",
        "“Will you come back before winter?” she asked.",
        "Chapter 4: The Road to the Mountains",
    ),
    "de": (
        "Der alte Hafen war an jenem Morgen still, und nur die Möwen waren wach.",
        "Das Museum, das 1987 eröffnet wurde, zählt rund 320 Besucher am Tag.",
        "Er hatte sich vorgenommen, nicht von dem Brief zu sprechen, und doch war er das Erste, "
        "was er erwähnte.",
        "„Kommst du vor dem Winter zurück?“, fragte sie.",
        "Kapitel 4: Der Weg in die Berge",
    ),
    "fr": (
        "Le vieux port était calme ce matin-là, et seules les mouettes étaient réveillées.",
        "Le musée, ouvert en 1987, accueille environ 320 visiteurs par jour.",
        "Il s’était promis de ne pas parler de la lettre, et pourtant ce fut la première chose "
        "qu’il mentionna.",
        "« Reviendras-tu avant l’hiver ? » demanda-t-elle.",
        "Chapitre 4 : La route des montagnes",
    ),
    "es": (
        "El viejo puerto estaba tranquilo aquella mañana, y solo las gaviotas estaban despiertas.",
        "El museo, inaugurado en 1987, recibe unos 320 visitantes al día.",
        "Se había prometido no hablar de la carta, pero fue lo primero que mencionó.",
        "«¿Volverás antes del invierno?», preguntó ella.",
        "Capítulo 4: El camino a las montañas",
    ),
    "zh-Hans": (
        "那天早晨，老港口一片寂静，只有海鸥醒着。",
        "这座博物馆于1987年开馆，每天接待约320名参观者。",
        "他曾暗自决定不提那封信，可那却是他最先说起的事。",
        "“你会在冬天之前回来吗？”她问道。",
        "第4章：通往群山的路",
    ),
    "zh-Hant": (
        "那天早晨，老港口一片寂靜，只有海鷗醒著。",
        "這座博物館於1987年開館，每天接待約320名參觀者。",
        "他曾暗自決定不提那封信，可那卻是他最先說起的事。",
        "「你會在冬天之前回來嗎？」她問道。",
        "第4章：通往群山的路",
    ),
    "ja": (
        "その朝、古い港は静かで、起きているのはカモメだけだった。",
        "その博物館は1987年に開館し、1日に約320人が訪れる。",
        "彼は手紙のことは話すまいと心に決めていたが、真っ先に口にしたのはそのことだった。",
        "「冬になる前に帰ってくるの？」と彼女は尋ねた。",
        "第4章　山へ続く道",
    ),
    "ko": (
        "그날 아침 오래된 항구는 고요했고, 깨어 있는 것은 갈매기뿐이었다.",
        "1987년에 문을 연 이 박물관에는 하루에 약 320명이 찾아온다.",
        "그는 편지 이야기는 하지 않겠다고 다짐했지만, 가장 먼저 꺼낸 말이 바로 그것이었다.",
        "“겨울이 오기 전에 돌아올 거예요?” 그녀가 물었다.",
        "4장: 산으로 가는 길",
    ),
}

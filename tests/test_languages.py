"""Languages by every name people use, and detection that knows when it does not know."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from translator.errors import InputError
from translator.languages import LANGUAGES, detect, get


def test_the_table_is_sound() -> None:
    assert [language.tag for language in LANGUAGES[:8]] == [
        "en", "zh-Hant", "zh-Hans", "ja", "ko", "de", "fr", "es",
    ]  # fmt: skip
    assert len({language.tag for language in LANGUAGES}) == len(LANGUAGES) >= 60
    for language in LANGUAGES:
        assert get(language.tag) == get(language.tag.upper()) == language
        assert get(language.name) == language
        assert get(language.native) == language
        assert len(language.script) == 4


@pytest.mark.parametrize(
    ("typed", "tag"),
    [
        ("zh", "zh-Hans"), ("zh-CN", "zh-Hans"), ("zh_cn", "zh-Hans"), ("zh_TW", "zh-Hant"),
        ("zh_Hant", "zh-Hant"), ("zh-HK", "zh-Hant"), ("zh-Hans-TW", "zh-Hans"),
        ("cmn-Hans-CN", "zh-Hans"), ("Chinese (Traditional)", "zh-Hant"), ("chinese", "zh-Hans"),
        ("Traditional Chinese", "zh-Hant"), ("繁體中文", "zh-Hant"), ("中文", "zh-Hans"),
        ("German", "de"), ("deutsch", "de"), ("ger", "de"), ("deu", "de"), ("de-AT", "de"),
        ("pt_BR", "pt-BR"), ("pt", "pt-BR"), ("pt-AO", "pt-PT"), ("Portuguese", "pt-BR"),
        ("EN", "en"), (" en ", "en"), ("en-GB", "en"), ("iw", "he"), ("no", "nb"), ("tl", "fil"),
        ("francais", "fr"), ("Français", "fr"), ("espanol", "es"), ("sr-Latn-RS", "sr-Latn"),
        ("sr", "sr"), ("sh", "sr-Latn"), ("farsi", "fa"), ("日本語", "ja"), ("jpn", "ja"),
        ("zh-yue", "zh-Hant"), ("de-u-co-phonebk", "de"), ("de_DE", "de"), ("zh-CHT", "zh-Hant"),
    ],
)  # fmt: skip
def test_what_people_type(typed: str, tag: str) -> None:
    assert get(typed).tag == tag


@pytest.mark.parametrize(
    "typed", ["", "auto", "zz", "klingon", "x-private", "de" * 50, "zh-min-nan"]
)
def test_unknown_names_are_an_input_error(typed: str) -> None:
    with pytest.raises(InputError) as caught:
        get(typed)
    assert caught.value.hint


def test_the_hint_lists_near_matches() -> None:
    with pytest.raises(InputError) as caught:
        get("Germn")
    assert "de (German)" in caught.value.hint


def test_direction_and_spacing() -> None:
    rtl = {language.tag for language in LANGUAGES if language.direction == "rtl"}
    assert rtl == {"ar", "he", "fa", "ur", "yi"}
    unspaced = {language.tag for language in LANGUAGES if not language.spaced}
    assert unspaced == {"zh-Hans", "zh-Hant", "ja", "th", "lo", "km", "my", "bo"}


@pytest.mark.parametrize(
    ("text", "tag"),
    [
        ("안녕", "ko"), ("これ", "ja"), ("東京でラーメンを食べた", "ja"), ("北京欢迎你", "zh-Hans"),
        ("臺灣", "zh-Hant"), ("这是什么", "zh-Hans"), ("這是什麼", "zh-Hant"), ("the cat", "en"),
        ("Was ist das?", "de"), ("C'est la vie", "fr"), ("¿Qué es esto?", "es"),
        ("Что это такое?", "ru"), ("Що це таке?", "uk"), ("Її немає вдома", "uk"),
        ("یہ کیا ہے", "ur"), ("این چیست؟ گفت", "fa"), ("ما هذا الشيء الكبير؟", "ar"),
        ("מה זה?", "he"), ("אַ גוטן טאָג", "yi"), ("Τι είναι;", "el"), ("นี่คืออะไร", "th"),
        ("यह क्या है और यह कहाँ से आया है?", "hi"), ("এটা কি?", "bn"), ("ეს რა არის", "ka"),
        ("Ի՞նչ է սա", "hy"), ("Đây là cái gì?", "vi"), ("Bu nədir, əzizim?", "az"),
        ("Hvað er þetta? Það veit ég ekki.", "is"),
        ("Ist das https://example.com/the-and-of-with-this ein guter Plan?", "de"),
        ("iPhone 15 と MacBook Pro を買った", "ja"),
    ],
)  # fmt: skip
def test_detection(text: str, tag: str) -> None:
    found = detect(text)
    assert found.language is not None
    assert found.language.tag == tag
    assert 0.5 < found.confidence <= 1


@pytest.mark.parametrize(
    "text", ["", " \n", "123 456", "…!?", "Barack Obama", "OK", "北京", "国会議事堂", "DVD", "🎉🎉"]
)
def test_not_sure_is_an_answer(text: str) -> None:
    found = detect(text)
    assert found.language is None
    assert found.reason


def test_mixed_text_is_not_sure_or_the_main_language() -> None:
    found = detect("Привет, как дела сегодня, мой друг? " + "Hello, how are you doing, friend? ")
    assert found.language is None
    chinese = detect("他說 Debian 是最好的作業系統，因為 apt 很好用。")
    assert chinese.language is not None and chinese.language.tag == "zh-Hant"


@settings(max_examples=300, deadline=None)
@given(st.text())
def test_detection_never_raises_and_is_deterministic(text: str) -> None:
    found = detect(text)
    assert found == detect(text)
    assert 0 <= found.confidence <= 1


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=60))
def test_get_gives_a_language_or_an_input_error(text: str) -> None:
    try:
        assert get(text) in LANGUAGES
    except InputError as error:
        assert error.hint


def test_fifty_pages_take_no_time() -> None:
    text = "Der alte Mann ging langsam durch die leere Stadt und sprach kein Wort. " * 3000
    detect(text)
    start = time.process_time()
    found = detect(text)
    assert time.process_time() - start < 0.05
    assert found.language is not None and found.language.tag == "de"


def test_threads_may_detect_first_at_the_same_time() -> None:
    """In a fresh process, since the profiles are loaded once."""
    code = (
        "import threading\n"
        "from translator.languages import detect\n"
        "tags = []\n"
        "def work():\n"
        "    tags.append(detect('Das ist ein kurzer Satz.').language.tag)\n"
        "threads = [threading.Thread(target=work) for _ in range(8)]\n"
        "[t.start() for t in threads]; [t.join() for t in threads]\n"
        "assert tags == ['de'] * 8, tags\n"
    )
    root = Path(__file__).resolve().parent.parent
    subprocess.run([sys.executable, "-c", code], check=True, cwd=root, timeout=60)


def test_importing_loads_nothing_heavy() -> None:
    code = (
        "import sys, translator.languages\n"
        "assert not {'langdetect', 'numpy', 'sentencex'} & set(sys.modules)\n"
    )
    root = Path(__file__).resolve().parent.parent
    subprocess.run([sys.executable, "-c", code], check=True, cwd=root, timeout=60)


@pytest.mark.skipif("VERSO_DATA" not in os.environ, reason="needs VERSO_DATA")
@pytest.mark.parametrize("cut", [10, 20, 40, 80, 10_000])
def test_detection_rates_on_the_dev_set(cut: int) -> None:
    wrong = lines = 0
    for file in (Path(os.environ["VERSO_DATA"]) / "dev").glob("ntrex.*"):
        tag = file.name.removeprefix("ntrex.")
        if tag == "docs":
            continue
        for line in file.read_text("utf-8").splitlines():
            found = detect(line[:cut]).language
            wrong += found is not None and found.tag != tag
            lines += 1
    assert wrong <= {10: 0.02, 20: 0.015, 40: 0.005}.get(cut, 0.003) * lines

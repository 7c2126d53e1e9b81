"""Where the inline markup of Markdown stands in its source.

markdown-it-py knows what is what but not where; :class:`Positions` is its inline parser, noting the
span of every token as the rules of CommonMark find it.
"""

from __future__ import annotations

from collections.abc import Callable

from markdown_it import MarkdownIt
from markdown_it.parser_inline import ParserInline
from markdown_it.rules_inline import StateInline
from markdown_it.token import Token
from mdit_py_plugins.deflist import deflist_plugin
from mdit_py_plugins.dollarmath import dollarmath_plugin
from mdit_py_plugins.footnote import footnote_plugin
from mdit_py_plugins.front_matter import front_matter_plugin

SPAN = "verso-span"  # key of a token's meta: (start, end) in the text it was parsed from
_LABEL = "verso-label"
_BREAKS = ("softbreak", "hardbreak")


def markdown() -> MarkdownIt:
    """CommonMark with tables, strikethrough, footnotes, definitions, formulas, front matter."""
    parser = MarkdownIt("commonmark").enable(["table", "strikethrough"])
    parser.inline = Positions()
    parser.inline.ruler.enable(["strikethrough"])
    parser.inline.ruler.disable(["linkify"])
    front_matter_plugin(parser)
    footnote_plugin(parser, inline=False)
    deflist_plugin(parser)
    dollarmath_plugin(parser, allow_space=False, allow_digits=False)
    parser.inline.ruler2.disable(["fragments_join"])
    parser.core.ruler.disable(["text_join", "footnote_tail"], ignoreInvalid=True)
    return parser


class Positions(ParserInline):
    """The inline parser; tokens get their span in ``meta``."""

    def tokenize(self, state: StateInline) -> None:
        """Generate tokens for the range of ``state``, as the base class does."""
        rules = self.ruler.getRules("")
        first, end = state.pos, state.posMax
        text_start = first
        while state.pos < end:
            start, count, pending = state.pos, len(state.tokens), state.pending
            if not pending:
                text_start = start
            if not self._match(rules, state):
                state.pending += state.src[state.pos]
                state.pos += 1
                continue
            new = state.tokens[count:]
            if pending and new and new[0].type not in _BREAKS:
                new.pop(0).meta[SPAN] = (text_start, start)
            _place(new, start, state)
            if new:
                text_start = state.pos
        if state.pending:
            state.pushPending().meta[SPAN] = (text_start, min(state.pos, end))
        state.env[_LABEL] = (first, end)

    def _match(self, rules: list[Callable[[StateInline, bool], bool]], state: StateInline) -> bool:
        if state.level >= state.md.options["maxNesting"]:
            return False
        return any(rule(state, False) for rule in rules)


def _place(new: list[Token], start: int, state: StateInline) -> None:
    """Note the spans of what one rule found between ``start`` and the parser's place."""
    own = [token for token in new if SPAN not in token.meta]
    if len(own) == 1:
        own[0].meta[SPAN] = (start, state.pos)
        return
    if len(own) == 2 and own[0].type == "link_open":
        label: tuple[int, int] = state.env[_LABEL]
        own[0].meta[SPAN] = (start, label[0])
        own[1].meta[SPAN] = (label[1], state.pos)
        return
    if own and own[0].type == "link_open":  # <http://...>
        for token in own:
            token.meta[SPAN] = (start, state.pos)
        return
    position = start
    for token in own:  # delimiters of emphasis, some of which become text
        token.meta[SPAN] = (position, position + len(token.content))
        position += len(token.content)

"""The few pages in plain HTTP, written on the box: no script, no cookie, nothing about people."""

from __future__ import annotations

import html
from collections.abc import Mapping

from visitbridge.protocols.certificates import readable_fingerprint
from visitbridge.services.environment import Check, EnvironmentReport
from visitbridge.services.environment.wording import words_of

Texts = Mapping[str, str]

STYLE = """\
:root { color-scheme: light dark; --paper: #fbfaf7; --ink: #1c1b19; --soft: #5b5850; --line: #d9d5ca; --good: #17663a; \
--warn: #8a4b00; --bad: #a11b1b; --accent: #0b5a76; }
@media (prefers-color-scheme: dark) { :root { --paper: #171614; --ink: #f0ede6; --soft: #b5b0a4; --line: #3b3832; \
--good: #7fd3a1; --warn: #f0b25d; --bad: #ff9a94; --accent: #7cc8e3; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 32rem; padding: 24px 16px 48px; background: var(--paper); color: var(--ink); \
font: 400 1.0625rem/1.6 system-ui, "PingFang TC", "Noto Sans TC", "Noto Sans CJK TC", "Microsoft JhengHei", sans-serif; \
line-break: strict; overflow-wrap: anywhere; }
h1 { font-size: 1.5rem; line-height: 1.3; margin: 0 0 16px; }
p { margin: 0 0 16px; } ol { margin: 0 0 24px; padding-left: 1.5em; } li { margin-bottom: 16px; }
.soft { color: var(--soft); font-size: 0.9375rem; }
.address, .fingerprint { display: block; margin: 8px 0; padding: 12px; border: 1px solid var(--line); border-radius: 8px; \
font-family: ui-monospace, Menlo, Consolas, monospace; user-select: all; -webkit-user-select: all; }
.address { font-size: 1.25rem; } .fingerprint { font-size: 0.9375rem; line-height: 1.8; overflow-wrap: normal; }
.button { display: block; min-height: 48px; padding: 10px 16px; margin: 0 0 16px; border-radius: 8px; text-align: center; \
text-decoration: none; font-weight: 600; background: var(--accent); color: var(--paper); }
.button.quiet { background: none; color: var(--accent); border: 1px solid var(--line); }
.items { list-style: none; padding: 0; } .items li { border-bottom: 1px solid var(--line); padding: 12px 0; margin: 0; }
.name { font-weight: 600; display: flex; justify-content: space-between; gap: 16px; } .name span { white-space: nowrap; }
.ok { color: var(--good); } .warn { color: var(--warn); } .fail { color: var(--bad); } .unknown, .absent { color: var(--soft); }
"""


def help_page(
    texts: Texts, language: str, *, address: str, fingerprint: str, own: bool, surveyed: bool
) -> str:
    """How to get to the box's real pages: the address, what to compare, what comes next.

    ``surveyed``: there is a page of 環境檢測.
    """
    environment = f'<a class="button quiet" href="/environment">{_text(texts, "plain.environment")}</a>'
    compare = "plain.compare_own" if own else "plain.compare_institution"
    steps = [
        f'<li>{_text(texts, "plain.open")}<span class="address">{html.escape(address)}</span></li>',
        f'<li>{_text(texts, compare)}<span class="fingerprint">{readable_fingerprint(fingerprint)}</span></li>',
        f"<li>{_text(texts, 'plain.pair')}</li>",
    ]
    body = (
        f"<ol>{''.join(steps)}</ol>"
        f'<a class="button" href="{html.escape(address)}">{_text(texts, "plain.go")}</a>'
        f"{environment if surveyed else ''}"
        f'<p class="soft">{_text(texts, "plain.nothing_here")}</p>'
    )
    return _page(texts, language, "plain.title", body)


def joined_page(texts: Texts, language: str, *, address: str) -> str:
    """What the window shows that a device opens by itself after joining; the box's pages do not work in there."""
    body = (
        f"<p>{_text(texts, 'plain.joined')}</p>"
        f"<ol><li>{_text(texts, 'plain.stay_first')}</li>"
        f'<li>{_text(texts, "plain.open")}<span class="address">{html.escape(address)}</span></li></ol>'
        f'<a class="button" href="/stay">{_text(texts, "plain.stay")}</a>'
        f'<p class="soft">{_text(texts, "plain.mobile_data")}</p>'
    )
    return _page(texts, language, "plain.joined_title", body)


def staying_page(texts: Texts, language: str, *, address: str) -> str:
    body = (
        f"<p>{_text(texts, 'plain.staying')}</p><p>{_text(texts, 'plain.open')}"
        f'<span class="address">{html.escape(address)}</span></p>'
    )
    return _page(texts, language, "plain.joined_title", body)


def environment_page(texts: Texts, language: str, report: EnvironmentReport) -> str:
    """環境檢測 to read: the same items and words as on a paired phone, with nothing to press but again."""
    ready = "ui.environment.ready" if report.ready else "ui.environment.not_ready"
    body = (
        f'<p class="{"ok" if report.ready else "fail"}">{_text(texts, ready)}</p>'
        f'<ul class="items">{"".join(_item(texts, check) for check in report.items)}</ul>'
        f'<a class="button quiet" href="/environment">{_text(texts, "plain.again")}</a>'
        f'<a class="button quiet" href="/">{_text(texts, "plain.title")}</a>'
        f'<p class="soft">{_text(texts, "plain.nothing_here")}</p>'
    )
    return _page(texts, language, "plain.environment", body)


def _item(texts: Texts, check: Check) -> str:
    what, now = words_of(check, texts)
    state = _text(texts, f"environment.state.{check.state}")
    after = f'<div class="soft">{html.escape(now)}</div>' if now else ""
    return (
        f'<li data-item="{check.item}"><div class="name">{_text(texts, f"environment.item.{check.item}")}'
        f'<span class="{check.state}">{state}</span></div><div>{html.escape(what)}</div>{after}</li>'
    )


def _page(texts: Texts, language: str, title: str, body: str) -> str:
    heading = _text(texts, title)
    return (
        f'<!doctype html><html lang="{language}"><head><meta charset="utf-8"><title>{heading}</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<link rel="stylesheet" href="/plain.css"></head><body><main><h1>{heading}</h1>{body}</main></body></html>'
    )


def _text(texts: Texts, key: str) -> str:
    return html.escape(texts[key])

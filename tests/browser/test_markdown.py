"""Discord's Markdown, and slash commands as they are typed: the page's own modules, run in a real browser."""

from __future__ import annotations

from typing import Any

from playwright.async_api import Page

DRAW = """async (texts) => {
  const { markdown } = await import("/assets/markdown.js");
  const names = {
    user: (id) => ({ 1: "Ada" })[id], channel: (id) => ({ 2: "general" })[id],
    role: () => undefined, open: () => {}, me: "1",
  };
  return texts.map((text) => {
    const box = document.createElement("div");
    box.append(...markdown(text, names));
    return box.innerHTML;
  });
}"""

CASES = {
    "plain text": "plain text",
    "**bold** *it* _it_ __under__ ~~gone~~": (
        "<strong>bold</strong> <em>it</em> <em>it</em> <u>under</u> <s>gone</s>"
    ),
    "***both***": "<strong><em>both</em></strong>",
    "**bold *and it***": "<strong>bold <em>and it</em></strong>",
    "snake_case_name and 2 * 3 * 4": "snake_case_name and 2 * 3 * 4",
    "**open and *open": "**open and *open",
    r"\*not it\* \_ \\": r"*not it* _ \ "[:-1],
    "`a *b* c` ``d ` e``": "<code>a *b* c</code> <code>d ` e</code>",
    "a\nb": "a\nb",
    "# One\n## Two\n### Three": '<h3 class="md">One</h3><h4 class="md">Two</h4><h5 class="md">Three</h5>',
    "-# small": '<small class="md">small</small>',
    "#no heading": "#no heading",
    "> a\n> b\nc": "<blockquote>a\nb</blockquote>c",
    ">>> a\nb": "<blockquote>a\nb</blockquote>",
    "- a\n  - b\n- c": "<ul><li>a<ul><li>b</li></ul></li><li>c</li></ul>",
    "3. a\n4. b": '<ol start="3"><li>a</li><li>b</li></ol>',
    "https://a.example/x_y_z?q=1.": (
        '<a href="https://a.example/x_y_z?q=1" target="_blank" rel="noopener noreferrer nofollow">'
        "https://a.example/x_y_z?q=1</a>."
    ),
    "<@1> <@9> <@&3>": (
        '<span class="mention mine">@Ada</span> <span class="mention">@unknown user</span> '
        '<span class="mention">@unknown role</span>'
    ),
    "<#2>": '<button type="button" class="mention">#general</button>',
    "<:wave:123> </goal:5>": ':wave: <span class="mention">/goal</span>',
    "me@everyone.org": 'me<span class="mention">@everyone</span>.org',
    "1 < 2 > 0 & <b>": "1 &lt; 2 &gt; 0 &amp; &lt;b&gt;",
    "```not closed": "```not closed",
    "": "",
}

READ = """async ([text, command, files]) => {
  const { read } = await import("/assets/slash.js");
  const world = { member: (text) => text === "@ada" ? "1" : undefined, place: () => undefined };
  return read(text, command, new Array(files), world);
}"""

GOAL: dict[str, Any] = {
    "name": "goal",
    "options": [
        {"name": "text", "type": 3, "required": True, "description": "What to do"},
        {"name": "file", "type": 11, "description": "A file"},
        {"name": "budget", "type": 10, "description": "US$"},
        {"name": "all", "type": 5, "description": "All"},
        {"name": "by", "type": 6, "description": "Who"},
        {"name": "how", "type": 3, "choices": [{"name": "Quick", "value": "q"}], "description": "How"},
    ],
}


async def test_discords_markdown_becomes_the_elements_that_it_means(page: Page):
    drawn = await page.evaluate(DRAW, list(CASES))
    assert dict(zip(CASES, drawn, strict=True)) == CASES


async def test_a_fence_keeps_its_text_and_says_its_language(page: Page):
    text = "before\n```python\nprint('**no**')\n```\nafter ```x```"
    await page.evaluate(
        """async (text) => {
          const { markdown } = await import("/assets/markdown.js");
          const box = document.getElementById("welcome");
          box.replaceChildren(...markdown(text, {}));
        }""",
        text,
    )
    assert await page.locator("#welcome figcaption span").all_inner_texts() == ["python", "text"]
    assert await page.locator("#welcome pre").all_inner_texts() == ["print('**no**')", "x"]
    assert (await page.locator("#welcome").inner_text()).startswith("before")


async def test_options_are_read_from_what_was_typed(page: Page):
    async def read(text: str, files: int = 0) -> dict[str, Any]:
        return await page.evaluate(READ, [text, GOAL, files])

    assert await read("/goal fix it: now") == {"values": {"text": "fix it: now"}, "problem": None}
    assert (await read("/goal a b budget:2 all:yes by:@ada how:quick"))["values"] == {
        "text": "a b",
        "budget": 2,
        "all": True,
        "by": "1",
        "how": "q",
    }
    assert (await read("/goal text:a b\nc budget:1"))["values"] == {"text": "a b\nc", "budget": 1}
    assert "needs text" in (await read("/goal budget:1"))["problem"]
    assert "by should be a member" in (await read("/goal x by:@nobody"))["problem"]
    assert "one of Quick" in (await read("/goal x how:slow"))["problem"]
    assert "at most 1 files" in (await read("/goal x", files=2))["problem"]

"""Components of messages and modals: checked, numbered and completed as Discord gives them back. Pure."""

from collections.abc import Iterator

from playground.forms import Form
from playground.wire import Payload

ROW, BUTTON, STRING_SELECT, TEXT_INPUT = 1, 2, 3, 4
SELECTS = frozenset({3, 5, 6, 7, 8})
SECTION, TEXT_DISPLAY, THUMBNAIL, GALLERY, FILE, SEPARATOR, CONTAINER, LABEL = 9, 10, 11, 12, 13, 14, 17, 18
_TOP = frozenset({ROW})
_TOP_MODERN = frozenset({ROW, SECTION, TEXT_DISPLAY, GALLERY, FILE, SEPARATOR, CONTAINER})
_TOP_MODAL = frozenset({ROW, TEXT_DISPLAY, LABEL})
_NESTED = ("components", "component", "accessory")
_SELECT_FIELDS = frozenset(
    {"custom_id", "placeholder", "min_values", "max_values", "disabled", "default_values", "channel_types"}
)
_KNOWN = {
    BUTTON: frozenset({"style", "label", "emoji", "custom_id", "url", "sku_id", "disabled"}),
    STRING_SELECT: _SELECT_FIELDS | {"options"},
    5: _SELECT_FIELDS,
    6: _SELECT_FIELDS,
    7: _SELECT_FIELDS,
    8: _SELECT_FIELDS,
}
"""What a message gives back of a component; what else clients send is dropped."""
LINK_STYLE, PREMIUM_STYLE = 5, 6
MODERN_COUNT, MODERN_CHARS, DEEPEST = 40, 4000, 5


def read_components(form: Form, *, modern: bool = False, modal: bool = False) -> list[Payload]:
    """The `components` of a form, each with its integer id."""
    allowed = _TOP_MODAL if modal else _TOP_MODERN if modern else _TOP
    shaped: list[Payload] = []
    reader = _Reader(modal=modal)
    for _, one in form.inners("components", most=None if modern else 5):
        if one.integer("type") not in allowed:
            options = ", ".join(str(kind) for kind in sorted(allowed))
            one.wrong("type", "UNION_TYPE_CHOICES", f'Value of field "type" must be one of ({options}).')
            continue
        shaped.append(reader.read(one))
    if modern and reader.count > MODERN_COUNT:
        form.wrong("components", "BASE_TYPE_MAX_LENGTH", f"Must be {MODERN_COUNT} or fewer in length.")
    if modern and reader.chars > MODERN_CHARS:
        form.wrong(
            "components", "COMPONENT_MAX_TOTAL_TEXT", f"Text must be {MODERN_CHARS} or fewer in length."
        )
    return shaped


class _Reader:
    """Walks a tree of components, handing out ids and counting."""

    def __init__(self, *, modal: bool) -> None:
        self._modal = modal
        self.count = 0
        self.chars = 0
        self._custom_ids: set[str] = set()

    def read(self, form: Form, depth: int = 0) -> Payload:
        self.count += 1
        if depth > DEEPEST:
            form.wrong("", "COMPONENT_TOO_DEEP", "Components are nested too deeply.")
            return {}
        given = {key: form.raw(key) for key in form.names() if form.raw(key) is not None}
        kind = form.integer("type")
        known = _KNOWN.get(kind or 0)
        shaped: Payload = {
            key: value
            for key, value in given.items()
            if key not in _NESTED and (known is None or self._modal or key in known)
        }
        shaped["id"] = form.integer("id") or self.count
        shaped["type"] = kind
        self._check(form, kind, shaped)
        if form.has("components"):
            shaped["components"] = [self.read(one, depth + 1) for _, one in form.inners("components")]
            if kind == ROW:
                _check_row(form, shaped["components"])
        for key in ("component", "accessory"):
            inner = form.inner(key)
            if inner is not None:
                shaped[key] = self.read(inner, depth + 1)
        return shaped

    def _check(self, form: Form, kind: int | None, shaped: Payload) -> None:
        if kind == BUTTON:
            self._button(form, shaped)
        elif kind in SELECTS:
            self._select(form, kind, shaped)
        elif kind == TEXT_INPUT:
            self._custom_id(form)
            form.text("label", least=1, most=45)
            form.choice("style", {1, 2})
        elif kind == TEXT_DISPLAY:
            self.chars += len(form.text("content", least=1, most=4000, needed=True) or "")
        elif kind is not None:
            shaped |= _completed(form, kind)

    def _button(self, form: Form, shaped: Payload) -> None:
        style = form.choice("style", range(1, 7)) or 1
        shaped["style"] = style
        form.text("label", most=80)
        if style == LINK_STYLE:
            form.text("url", least=1, most=512, needed=True)
        elif style != PREMIUM_STYLE:
            self._custom_id(form)
        shaped.setdefault("disabled", False)
        if "emoji" in shaped:
            emoji = form.inner("emoji")
            if emoji is not None:
                name = {"name": emoji.text("name") or "", "id": emoji.snowflake("id")}
                shaped["emoji"] = {key: value for key, value in name.items() if value is not None}

    def _select(self, form: Form, kind: int | None, shaped: Payload) -> None:
        self._custom_id(form)
        form.text("placeholder", most=150)
        shaped["min_values"] = form.integer("min_values", least=0, most=25)
        shaped["max_values"] = form.integer("max_values", least=1, most=25)
        shaped["min_values"] = 1 if shaped["min_values"] is None else shaped["min_values"]
        shaped["max_values"] = shaped["max_values"] or 1
        shaped.setdefault("disabled", False)
        if kind == STRING_SELECT:
            options = [_option(option) for _, option in form.inners("options", most=25)]
            if not options:
                form.wrong("options", "BASE_TYPE_BAD_LENGTH", "Must be between 1 and 25 in length.")
            shaped["options"] = options

    def _custom_id(self, form: Form) -> None:
        custom_id = form.text("custom_id", least=1, most=100, needed=True)
        if custom_id in self._custom_ids:
            form.wrong(
                "custom_id", "COMPONENT_CUSTOM_ID_DUPLICATED", "Component custom id cannot be duplicated"
            )
        if custom_id is not None:
            self._custom_ids.add(custom_id)


def _completed(form: Form, kind: int) -> Payload:
    """The fields that Discord fills in on layout components."""
    spoiler = form.flag("spoiler") or False
    match kind:
        case 11:
            return {
                "media": _media(form, "media"),
                "description": form.text("description"),
                "spoiler": spoiler,
            }
        case 12:
            items = [
                {
                    "media": _media(item, "media"),
                    "description": item.text("description", most=1024),
                    "spoiler": item.flag("spoiler") or False,
                }
                for _, item in form.inners("items", most=10)
            ]
            return {"items": items}
        case 13:
            return {"file": _media(form, "file"), "name": None, "size": None, "spoiler": spoiler}
        case 14:
            divider = form.flag("divider")
            spacing = form.choice("spacing", {1, 2}) or 1
            return {"spacing": spacing, "divider": True if divider is None else divider}
        case 17:
            colour = form.integer("accent_color", least=0, most=0xFFFFFF)
            return {"accent_color": colour, "spoiler": spoiler}
        case _:
            return {}


def _media(form: Form, key: str) -> Payload:
    inner = form.inner(key) or Form({})
    return {"url": inner.text("url", least=1, most=2048, needed=True) or ""}


def _option(form: Form) -> Payload:
    shaped: Payload = {
        "label": form.text("label", least=1, most=100, needed=True),
        "value": form.text("value", least=1, most=100, needed=True),
    }
    description = form.text("description", most=100)
    if description is not None:
        shaped["description"] = description
    if form.raw("emoji") is not None:
        shaped["emoji"] = form.raw("emoji")
    if form.flag("default"):
        shaped["default"] = True
    return shaped


def _check_row(form: Form, components: list[Payload]) -> None:
    most = 1 if any(one.get("type") in SELECTS or one.get("type") == TEXT_INPUT for one in components) else 5
    if not 1 <= len(components) <= most:
        form.wrong("components", "BASE_TYPE_BAD_LENGTH", f"Must be between 1 and {most} in length.")


def walk(components: list[Payload]) -> Iterator[Payload]:
    """Every component of a tree."""
    for one in components:
        yield one
        yield from walk(one.get("components") or [])
        for key in ("component", "accessory"):
            if one.get(key):
                yield from walk([one[key]])

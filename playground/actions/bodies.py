"""Reading what a message may carry: content, embeds, components, files and allowed mentions. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from playground import limits
from playground.actions.components import read_components
from playground.entities import Message, Reference
from playground.errors import ApiError, Problem, form_error
from playground.forms import Form
from playground.wire import Payload

SUPPRESS_EMBEDS, EPHEMERAL, LOADING = 1 << 2, 1 << 6, 1 << 7
SUPPRESS_NOTIFICATIONS, COMPONENTS_V2 = 1 << 12, 1 << 15
HAS_THREAD = 1 << 5
_OF_MEDIA = ("http", "https", "attachment")


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """A file as it came: its bytes lie synced in the store's staging folder."""

    name: str
    key: str
    """The number in `files[n]`."""
    path: Path
    size: int
    content_type: str
    width: int | None = None
    height: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AllowedMentions:
    """Which mentions in a text count."""

    everyone: bool = True
    all_users: bool = True
    all_roles: bool = True
    users: frozenset[str] = frozenset()
    roles: frozenset[str] = frozenset()
    replied_user: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A message body that was read and found right."""

    given: frozenset[str]
    """Which fields the client sent; an edit leaves the others alone."""
    content: str = ""
    tts: bool = False
    flags: int = 0
    nonce: str | int | None = None
    enforce_nonce: bool = False
    embeds: tuple[Payload, ...] = ()
    components: tuple[Payload, ...] = ()
    allowed: AllowedMentions = AllowedMentions()
    reference: Reference | None = None
    reference_must_exist: bool = True
    kept: tuple[str, ...] = ()
    """Of an edit: ids of attachments that stay."""
    kept_at: tuple[str, ...] = ()
    """The places of `kept` in the form."""
    descriptions: tuple[tuple[str, str], ...] = ()
    """Upload key -> description."""
    renames: tuple[tuple[str, str], ...] = ()
    """Upload key -> file name, where it differs from the form's."""
    uploads: tuple[Upload, ...] = ()


_FIELDS = frozenset({"content", "embeds", "components", "attachments", "flags", "allowed_mentions"})


def read_draft(
    body: object,
    uploads: Sequence[Upload] = (),
    *,
    premium_tier: int = 0,
    path: str = "",
    flags_before: int = 0,
) -> Draft:
    """A message body of any route, `path` its place in the request, `flags_before` of the message it edits.

    Raises 50035 with every wrong field, or 40005 for a file too large.
    """
    form = Form(body, path=path)
    content = form.text("content", most=limits.CONTENT_CHARS) or ""
    flags = form.integer("flags") or 0
    modern = bool((flags | flags_before) & COMPONENTS_V2)
    components = tuple(read_components(form, modern=modern))
    embeds = _embeds(form)
    kept, descriptions, renames = _attachments(form, uploads)
    if modern and (content or embeds):
        form.wrong(
            "flags",
            "MESSAGE_CANNOT_USE_LEGACY_FIELDS_WITH_COMPONENTS_V2",
            "The 'content' and 'embeds' fields cannot be used with MessageFlags.IS_COMPONENTS_V2",
        )
    draft = Draft(
        given=frozenset(key for key in _FIELDS if form.has(key)),
        content=content.strip(),
        tts=form.flag("tts") or False,
        flags=flags,
        nonce=_nonce(form),
        enforce_nonce=form.flag("enforce_nonce") or False,
        embeds=tuple(embeds),
        components=components,
        allowed=_allowed_mentions(form),
        reference=_reference(form),
        reference_must_exist=_must_exist(form),
        kept=tuple(kept),
        kept_at=tuple(kept.values()),
        descriptions=descriptions,
        renames=renames,
        uploads=tuple(uploads),
    )
    form.check()
    _check_sizes(uploads, premium_tier)
    return draft


def _check_sizes(uploads: Sequence[Upload], premium_tier: int) -> None:
    if any(upload.size > limits.upload_limit(premium_tier) for upload in uploads):
        raise ApiError(Problem.TOO_LARGE)


def _nonce(form: Form) -> str | int | None:
    value = form.raw("nonce")
    if value is None or isinstance(value, bool):
        return None
    if isinstance(value, int):
        return value
    return form.text("nonce", most=25)


def _reference(form: Form) -> Reference | None:
    inner = form.inner("message_reference")
    if inner is None:
        return None
    message_id = inner.snowflake("message_id", needed=True)
    return Reference(
        message_id=message_id or "0",
        channel_id=inner.snowflake("channel_id") or "",
        guild_id=inner.snowflake("guild_id"),
        type=inner.choice("type", {0}) or 0,
    )


def _must_exist(form: Form) -> bool:
    inner = form.inner("message_reference")
    given = None if inner is None else inner.flag("fail_if_not_exists")
    return True if given is None else given


def _allowed_mentions(form: Form) -> AllowedMentions:
    inner = form.inner("allowed_mentions")
    if inner is None:
        return AllowedMentions()
    parse = inner.texts("parse", ("users", "roles", "everyone"))
    users, roles = inner.snowflakes("users"), inner.snowflakes("roles")
    for key, ids in (("users", users), ("roles", roles)):
        if ids and key in parse:
            inner.wrong("parse", "MESSAGE_ALLOWED_MENTIONS_PARSE_EXCLUSIVE",
                        f'parse:["{key}"] and {key}: [ids...] are mutually exclusive.')  # fmt: skip
        if len(ids) > 100:
            inner.wrong(key, "BASE_TYPE_MAX_LENGTH", "Must be 100 or fewer in length.")
    return AllowedMentions(
        everyone="everyone" in parse,
        all_users="users" in parse,
        all_roles="roles" in parse,
        users=frozenset(users),
        roles=frozenset(roles),
        replied_user=inner.flag("replied_user") or False,
    )


def _attachments(
    form: Form, uploads: Sequence[Upload]
) -> tuple[dict[str, str], tuple[tuple[str, str], ...], tuple[tuple[str, str], ...]]:
    """Of the `attachments` list: ids that stay with their places, descriptions and names of new files."""
    keys = {upload.key for upload in uploads}
    kept: dict[str, str] = {}
    descriptions: list[tuple[str, str]] = []
    renames: list[tuple[str, str]] = []
    for index, one in form.inners("attachments", most=limits.ATTACHMENTS):
        key = one.snowflake("id", needed=True) or ""
        description = one.text("description", most=1024)
        name = one.text("filename", most=1024)
        if key not in keys:
            kept[key] = form.place(f"attachments.{index}")
            continue
        if description is not None:
            descriptions.append((key, description))
        if name is not None:
            renames.append((key, name))
    if len(uploads) > limits.ATTACHMENTS:
        form.wrong("attachments", "BASE_TYPE_MAX_LENGTH", f"Must be {limits.ATTACHMENTS} or fewer in length.")
    return kept, tuple(descriptions), tuple(renames)


def require_new_files(draft: Draft) -> None:
    """A new message can only name files that come with it."""
    if draft.kept_at:
        raise form_error(draft.kept_at[0], "ATTACHMENT_NOT_FOUND", "Attachment data not found")


def _embeds(form: Form) -> list[Payload]:
    shaped: list[Payload] = []
    total = 0
    for _, embed in form.inners("embeds", most=limits.EMBEDS):
        one, size = _embed(embed)
        shaped.append(one)
        total += size
    if total > limits.EMBED_CHARS:
        form.wrong("embeds", "MAX_EMBED_SIZE_EXCEEDED", "Embed size exceeds maximum size of 6000")
    return shaped


def _embed(form: Form) -> tuple[Payload, int]:
    """One embed as it is given back, and how many characters count."""
    shaped: Payload = {"type": "rich"}
    texts = {"title": form.text("title", most=256), "description": form.text("description", most=4096)}
    shaped |= {key: text for key, text in texts.items() if text}
    size = sum(limits.length(text) for text in texts.values() if text)
    colour = form.integer("color", least=0, most=0xFFFFFF)
    plain = {"url": form.address("url"), "timestamp": form.moment("timestamp"), "color": colour}
    shaped |= {key: value for key, value in plain.items() if value is not None}
    for key, name, most in (("footer", "text", 2048), ("author", "name", 256)):
        if inner := form.inner(key):
            text = inner.text(name, most=most, needed=True) or ""
            shaped[key] = {name: text} | _links(inner, with_url=key == "author")
            size += limits.length(text)
    shaped |= _pictures(form)
    fields = [_embed_field(field) for _, field in form.inners("fields", most=25)]
    if fields:
        shaped["fields"] = fields
    if not shaped.keys() - {"type", *plain} and not form.refused(""):
        form.wrong("description", "BASE_TYPE_REQUIRED", "This field is required")
    return shaped, size + sum(limits.length(f["name"]) + limits.length(f["value"]) for f in fields)


def _embed_field(form: Form) -> Payload:
    return {
        "name": form.text("name", least=1, most=256, needed=True) or "",
        "value": form.text("value", least=1, most=1024, needed=True) or "",
        "inline": form.flag("inline") or False,
    }


def _pictures(form: Form) -> Payload:
    found = {key: form.inner(key) for key in ("image", "thumbnail")}
    return {
        key: {"url": inner.address("url", schemes=_OF_MEDIA, needed=True) or ""}
        for key, inner in found.items()
        if inner is not None
    }


def _links(form: Form, *, with_url: bool) -> Payload:
    found = {"icon_url": form.address("icon_url", schemes=_OF_MEDIA)}
    if with_url:
        found["url"] = form.address("url")
    return {key: url for key, url in found.items() if url is not None}


def is_empty(message: Message) -> bool:
    """Whether nothing would be shown."""
    return not (message.content or message.embeds or message.attachments or message.components)

"""The words by which servers say what is wrong, collected from the replies of many vendors. Lower case."""

import re


def _set(text: str) -> frozenset[str]:
    return frozenset(text.split())


def _any(*patterns: str) -> re.Pattern[str]:
    return re.compile("|".join(patterns))


CODES_QUOTA = _set(
    """
    insufficient_quota exceeded_current_quota_error billing_hard_limit_reached billing_not_active
    payment_required insufficient_balance insufficient_credits insufficient_user_quota
    insufficient_funds access_terminated arrearage quota_exceeded budget_exceeded 1113 1008
    """
)
CODES_OVERFLOW = _set(
    """
    context_length_exceeded exceed_context_size_error string_above_max_length
    model_context_window_exceeded prompt_too_long context_window_exceeded request_too_large 1261
    1039
    """
)
CODES_FILTERED = _set(
    """
    content_filter content_policy_violation responsibleaipolicyviolation data_inspection_failed
    prompt_blocked datainspectionfailed content_moderation moderation_blocked prohibited_content
    invalid_prompt 1301 1026 1027
    """
)
CODES_AUTH = _set(
    """
    invalid_api_key authentication_error api_key_invalid unauthenticated
    invalid_authentication_error unauthorized incorrect_api_key_error invalid_token missing_api_key
    1004
    """
)
CODES_RATE = _set(
    """
    rate_limit_exceeded rate_limit_error too_many_requests too_many_requests_error
    resource_exhausted throttled rate_limit_reached_error requests_limit_exceeded throttling 1302
    1305 1002
    """
)
CODES_CONFIG = _set(
    """
    model_not_found model_not_exist model_not_available invalid_model not_found_error
    model_not_found_error resource_not_found_error deploymentnotfound unsupported_model
    """
)
CODES_BAD_REQUEST = _set(
    """
    invalid_request_error invalid_request bad_request bad_request_error badrequesterror
    invalid_argument unsupported_parameter unknown_parameter unsupported_value
    invalid_parameter_error extra_forbidden
    """
)
FINISH_FILTERED = _set(
    """
    content_filter content_filtered content-filter safety sensitive prohibited_content blocklist
    spii recitation refusal guardrail_intervened image_safety
    """
)
FINISH_LENGTH = _set("length max_tokens model_length max_output_tokens token_limit max_length")
FINISH_OVERFLOW = _set("model_context_window_exceeded context_window_exceeded context_length_exceeded")
FINISH_FAILED = _set(
    """
    error abort aborted cancelled canceled network_error insufficient_system_resource timeout failed
    unavailable overloaded server_error
    """
)

OVERFLOW = _any(
    r"context[ _]?(?:length|window)[ _]?exceeded",
    r"maximum context length",
    r"exceed\w* (?:the |this |its |your )?(?:\w+'?s? ){0,2}(?:available )?"
    r"context (?:window|length|size|limit)",
    r"context (?:window|length|size) (?:of |is |has been |was |limit )?(?:only |exceed|too |reached)",
    r"context (?:window )?(?:the )?overflow",
    r"context shift is disabled",
    r"loaded with context length",
    r"(?:greater|longer|larger) than the (?:model'?s? )?(?:maximum )?(?:context|model) length",
    r"reduce the length of the (?:messages|input|prompt)",
    r"reduce (?:the |your )?(?:message|prompt|input|context)(?:'s)? (?:size|length)",
    r"input token count .{0,60}(?:exceed|only supports)",
    r"token count of \d+ exceeds",
    r"exceeded model token limit",
    r"too many (?:input |total )?tokens\b(?! per)",
    r"exceeds? (?:the )?limit of \d+ tokens",
    r"token limit exceeded",
    r"maximum (?:allowed )?(?:input|prompt) (?:length|size|tokens)",
    r"exceeds? (?:the )?max(?:imum)? (?:length|input|sequence|number of (?:input )?tokens"
    r"|allowed (?:input|token))",
    r"exceeds? max_(?:seq|input|model)_?len",
    r"`?inputs`? tokens \+ `?max_new_tokens",
    r"prompt (?:tokens? )?(?:is |are )?too (?:long|large)",
    r"inputs? (?:is |are )?too (?:long|large)",
    r"too large for model with",
    r"range of input length",
    r"string too long\. expected a string with maximum length",
    r"max input characters",
    r"(?:request|payload|entity) too large",
    r"input or output tokens must be reduced",
    r"must have less than \d+ tokens",
    "长度超过",
    "超长",
)
NOT_OVERFLOW = _any(
    r"context deadline",  # a Go server's timeout
    r"\bdaily\b",
    r"\bmonthly\b",
    r"per[ -](?:min|minute|day|hour|second)",
    r"max_(?:completion_)?tokens is too large",
)
TOO_LARGE_FOR_LIMIT = _any(
    r"request too large", r"tokens must be reduced", r"reduce your (?:message|prompt|input) size"
)
"""A rate limit that no waiting helps against: the one request is larger than the limit of a minute."""

QUOTA = _any(
    r"\bquota\b",
    r"\bcredits?\b",
    r"\bbalance\b",
    r"\bbilling\b",
    r"\brecharge\b",
    r"\btop[ -]?up\b",
    r"\bprepaid\b",
    r"\bpayment required\b",
    r"\bfunds\b",
    r"\bspend(?:ing)? (?:limit|cap)\b",
    r"\bmax budget\b",
    r"\barrears\b",
    r"\boverdue\b",
    "余额",
    "欠费",
)
SPENT = _any(
    r"insufficient",
    r"too low",
    r"not enough",
    r"exceed",
    r"r[ua]n out",
    r"exhaust",
    r"reached (?:its|your|the) ",
    r"recharge",
    r"top[ -]?up",
    r"no (?:remaining )?(?:credits?|balance|quota)",
    r"overdue",
    r"arrears",
    r"depleted",
    r"negative",
    "余额",
    "欠费",
)
RATE_METRIC = _any(
    r"quota exceeded for (?:quota )?metric", r"per[ -]?(?:minute|second)", r"\b[tr]pm\b", r"\brate limit"
)
PER_DAY = _any(r"per[ -]?day", r"\bdaily\b", r"per[ -]?month", r"\bmonthly\b")
RATE = _any(
    r"\brate[ -]limit",
    r"too many requests",
    r"\bthrottl",
    r"retry after",
    r"(?:tokens|requests) per",
    r"try again in \d",
)
AUTH = _any(
    r"(?:invalid|incorrect|wrong|missing|no|expired|revoked) (?:openai )?"
    r"(?:api|authentication|access|auth)[ _-]?(?:key|token|credentials?)",
    r"api[ _]?key (?:is )?(?:not valid|invalid|missing|incorrect|expired|not found)",
    r"unauthorized",
    r"not authenticated",
)
FILTERED = _any(
    r"content management policy",
    r"content[ _]filter",
    r"content polic\w+",
    r"usage (?:policy|policies|guidelines)",
    r"flagged as potentially",
    r"was flagged",
    r"requires moderation",
    r"content exists risk",
    r"inappropriate content",
    r"high risk",
    r"sensitive content",
    r"prohibited.content",
    r"blocked (?:by|due to|for) (?:content|safety|the content)",
    r"safety (?:system|filter)",
)
CONFIG = _any(
    r"--enable-auto-tool-choice",
    r"--tool-call-parser",
    r"--jinja",
    r"does(?: not|n't) support (?:tools?|function|chat)",
    r"tool(?: use| calling|s)? (?:is|are) not supported",
    r"no endpoints found",
    r"model[^.\n]{0,80}(?:not found|not exist|does not exist|not available|not loaded|no longer)",
    r"not a valid model",
    r"invalid model",
    r"unknown model",
    r"no such model",
    r"no models loaded",
    r"deployment .{0,60}does not exist",
    r"try pulling it first",
    r"is not a chat model",
    r"decommissioned",
)
TRANSIENT = _any(
    r"overloaded",
    r"temporarily",
    r"try again",
    r"timed? ?out",
    r"timeout",
    r"unavailable",
    r"internal (?:server )?error",
    r"server error",
    r"bad gateway",
    r"connection",
    r"upstream",
    r"provider returned error",
    r"capacity",
    r"loading model",
    r"model is loading",
    r"\bbusy\b",
)

_LINK = re.compile(r"\b(?:https?://|www\.)\S+")


def plain(text: str) -> str:
    """The text for matching: lower case, one line, without links (rate limits link to billing pages)."""
    return " ".join(_LINK.sub(" ", text[:8000]).lower().split())

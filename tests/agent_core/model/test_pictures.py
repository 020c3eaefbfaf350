"""Pictures go to models that can see; a server that refuses them is asked once, and gets words instead."""

from contextlib import nullcontext
from typing import Any

import pytest

from agent_core.errors import BadRequestModelError, FilteredError, ModelError
from agent_core.pictures import CANNOT_SEE
from tests.agent_core.model.asking import TOOLS, asking
from tests.agent_core.model.hostile import Asked, document, error, message

PICTURE: Any = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AA"}}
LOOK: list[dict[str, Any]] = [
    {"role": "user", "content": "What is on it?"},
    {"role": "user", "content": [{"type": "text", "text": "The picture a.png:"}, PICTURE]},
]
SPOKEN = {"type": "message", "content": [{"type": "output_text", "text": "I see nothing"}]}
BLIND = f"The picture a.png:\n{CANNOT_SEE}"

REFUSALS: dict[str, bytes] = {
    "OpenAI": error(400, "Invalid content type. image_url is only supported by certain models."),
    "DeepSeek": error(
        400,
        "Failed to deserialize the JSON body into the target type: messages[1]: unknown variant `image_url`,"
        " expected `text` at line 1 column 340",
    ),
    "Groq": error(400, "'messages.1' : for 'role:user' the following must be satisfied[('messages.1.content'"
                  " : value must be a string)]", type="invalid_request_error"),
    "Mistral": document({"object": "error", "message": "Image input is not enabled for this model"}, 400),
    "OpenRouter": error(404, "No endpoints found that support image input", code=404),
    "vLLM": document(
        {"object": "error", "message": "Qwen/Qwen3-8B is not a multimodal model None", "code": 400}, 400
    ),
    "llama.cpp": error(
        500, "image input is not supported - hint: if this is unexpected, you may need to provide the mmproj"
    ),
    "Ollama": error(500, "this model is missing data required for image input"),
    "LM Studio": document({"error": "Model does not support images. Please use a model that does."}, 400),
    "Bedrock": document(
        {"message": "This model doesn't support the image content block that you provided."}, 400
    ),
    "xAI": document({"code": "Client specified an invalid argument",
                     "error": "Image inputs are not supported by this model."}, 400),
    "Zhipu": error(400, "messages.content.type 参数非法，取值范围 ['text']", code="1210"),
    "Qwen": error(400, "<400> InternalError.Algo.InvalidParameter: Unexpected item type in content."),
    "FastAPI": document(
        {"detail": [{"loc": ["body", "messages", 1], "msg": "Input should be a valid string"}]}, 422
    ),
    "a proxy's limit": error(413, "Request Entity Too Large"),
}  # fmt: skip


@pytest.mark.parametrize("refusal", REFUSALS.values(), ids=REFUSALS)
async def test_refused_pictures_are_left_out_once_and_for_all_later_calls(refusal: bytes):
    def answer(asked: Asked) -> bytes:
        return refusal if "image_url" in repr(asked.body) else message(content="I see nothing")

    async with asking(answer) as (model, server):
        assert model.sees is None
        for _ in range(2):
            assert (await model.complete(LOOK, TOOLS, timeout_s=10)).text == "I see nothing"
        assert model.sees is False
    first, *later = [asked.body["messages"] for asked in server.asked]
    assert first == LOOK
    assert len(later) == 2
    assert later[0] == later[1] == [LOOK[0], {"role": "user", "content": BLIND}]


async def test_the_responses_api_leaves_them_out_too():
    def answer(asked: Asked) -> bytes:
        refusal = error(400, "Invalid value: 'input_image'. Supported values are: 'input_text'.")
        return (
            refusal
            if "input_image" in repr(asked.body)
            else document({"status": "completed", "output": [SPOKEN]})
        )

    async with asking(answer, api="responses") as (model, server):
        assert (await model.complete(LOOK, TOOLS, timeout_s=10)).text == "I see nothing"
    assert [one["content"] for one in server.asked[1].body["input"]] == ["What is on it?", BLIND]


async def test_pictures_that_were_taken_are_sent_again():
    async with asking(message(content="a cat")) as (model, server):
        for _ in range(2):
            await model.complete(LOOK, TOOLS, timeout_s=10)
        assert model.sees is True
    assert [asked.body["messages"] for asked in server.asked] == [LOOK, LOOK]


async def test_no_request_without_pictures_teaches_anything_about_them():
    async with asking(message(content="hi")) as (model, _):
        await model.complete(LOOK[:1], TOOLS, timeout_s=10)
        assert model.sees is None
    async with asking(error(400, "image input is not supported")) as (model, _):
        with pytest.raises(ModelError):
            await model.complete(LOOK[:1], TOOLS, timeout_s=10)
        assert model.sees is None


OTHERS: list[tuple[bytes, type[ModelError] | None]] = [
    (error(400, "Your input image is not allowed.", code="content_policy_violation"), FilteredError),
    (error(400, "Unsupported parameter: 'tools' is not supported with this model."), BadRequestModelError),
    (error(503, "The server is overloaded."), None),
]


@pytest.mark.parametrize(("failure", "kind"), OTHERS)
async def test_other_failures_leave_the_pictures_in(failure: bytes, kind: type[ModelError] | None):
    async with asking(failure, failure, message(content="a cat")) as (model, server):
        with pytest.raises(kind) if kind else nullcontext():
            await model.complete(LOOK, TOOLS, timeout_s=10)
        assert model.sees is (None if kind else True)
    assert all("image_url" in repr(asked.body) for asked in server.asked)

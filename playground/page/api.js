// What a person can do, over HTTP. Every function answers the parsed JSON or throws an Error that a person can read.

async function call(method, path, body) {
  let response;
  try {
    response = await fetch(path, {
      method,
      headers: body === undefined ? {} : { "Content-Type": "application/json" },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
  } catch {
    throw new Error("The playground does not answer. Is it still running?");
  }
  const text = await response.text();
  const answer = parsed(text);
  if (!response.ok) throw new Error(complaint(answer, response.status));
  return answer;
}

function parsed(text) {
  try {
    return text ? JSON.parse(text) : null;
  } catch {
    return null;
  }
}

/** The first sentence that says what is wrong: a field's own, where there is one. */
function complaint(answer, status) {
  const field = firstError(answer?.errors);
  const message = answer?.message ?? answer?.error?.message ?? answer?.error;
  return field ?? (typeof message === "string" ? message : `The playground answered ${status}.`);
}

function firstError(errors, path = []) {
  if (!errors || typeof errors !== "object") return null;
  if (Array.isArray(errors._errors) && errors._errors.length) {
    return `${path.length ? `${path.join(".")}: ` : ""}${errors._errors[0].message}`;
  }
  for (const [key, inner] of Object.entries(errors)) {
    const found = firstError(inner, [...path, key]);
    if (found) return found;
  }
  return null;
}

const query = (values) => new URLSearchParams(values).toString();

export const state = () => call("GET", "/playground/state");
export const command = (body) => call("POST", "/playground/commands", body);
export const autocomplete = (body) => call("POST", "/playground/autocomplete", body);
export const submitModal = (body) => call("POST", "/playground/modals", body);
export const press = (body) => call("POST", "/playground/components", body);
export const post = (body) => call("POST", "/playground/messages", body);
export const react = (body) => call("POST", "/playground/reactions", body);
export const editMessage = (channel, message, body) => call("PATCH", `/playground/messages/${channel}/${message}`, body);
export const removeMessage = (channel, message, user) =>
  call("DELETE", `/playground/messages/${channel}/${message}?${query({ user_id: user })}`);

/** Goals to try, where the bot behind this playground offers some. */
export async function examples() {
  try {
    const list = await call("GET", "/playground/examples");
    return Array.isArray(list) ? list : [];
  } catch {
    return [];
  }
}

const PAGE = 100;
const MOST_PAGES = 50;
const RETRY_MS = 2000;

/** Everything that this person may read in a channel, oldest first. */
export async function messages(channel, user) {
  const all = [];
  for (let page = 0; page < MOST_PAGES; page += 1) {
    const after = all.at(-1)?.id ?? "0";
    const found = await call("GET", `/playground/channels/${channel}/messages?${query({ after, user_id: user })}`);
    all.push(...found);
    if (found.length < PAGE) break;
  }
  return all;
}

/** Follow what happens, live. `onEvent(name, payload)`; `onState(connected)`; returns a function that ends it. */
export function follow(user, onEvent, onState) {
  let source;
  let again;
  const connect = () => {
    source = new EventSource(`/playground/stream?${query({ user_id: user })}`);
    source.addEventListener("open", () => onState(true));
    source.addEventListener("error", () => {
      onState(false);
      if (source.readyState === EventSource.CLOSED) again = setTimeout(connect, RETRY_MS); // refused: not retried by itself
    });
    source.addEventListener("message", (event) => {
      const { t, d } = JSON.parse(event.data);
      onEvent(t, d);
    });
  };
  connect();
  return () => {
    clearTimeout(again);
    source.close();
  };
}

/** A picked file as the people API wants it. */
export function encoded(file) {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.addEventListener("error", () => reject(new Error(`${file.name} cannot be read.`)));
    reader.addEventListener("load", () => {
      const comma = reader.result.indexOf(",");
      resolve({ name: file.name, base64: comma < 0 ? "" : reader.result.slice(comma + 1) });
    });
    reader.readAsDataURL(file);
  });
}

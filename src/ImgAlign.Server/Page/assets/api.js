// The job API. Errors are problem details (RFC 9457), whose detail is a sentence for people.
export class ApiError extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

async function call(path, options) {
  let answer;
  try {
    answer = await fetch(path, options);
  } catch {
    throw new ApiError(0, "The server cannot be reached.");
  }
  if (answer.ok) return answer.status === 204 ? null : answer.json();
  const problem = await answer.json().catch(() => ({}));
  throw new ApiError(answer.status, problem.detail ?? `The server answered with ${answer.status}.`);
}

export const server = () => call("/api/server");
export const openSession = key => call("/api/session", { method: "POST", body: key });
export const find = id => call(`/api/jobs/${id}`);
export const cancel = id => call(`/api/jobs/${id}`, { method: "DELETE" });
export const remove = id => call(`/api/jobs/${id}?remove=true`, { method: "DELETE" });
export const list = (search, offset, limit) => call(`/api/jobs?${new URLSearchParams({ search, offset, limit })}`);
// Not crypto.randomUUID, which a page served over plain HTTP by another machine does not have.
const newKey = () => Array.from(crypto.getRandomValues(new Uint8Array(16)), byte => byte.toString(16).padStart(2, "0")).join("");
export const submit = request =>
  call("/api/jobs", {
    method: "POST",
    headers: { "Content-Type": "application/json", "Idempotency-Key": newKey() },
    body: JSON.stringify(request),
  });

// Follows a job to its end. When the server is away, the browser connects again by itself, and is told all again.
export function follow(id, onEvent, onAway, onGone) {
  const source = new EventSource(`/api/jobs/${id}/events`);
  for (const kind of ["state", "progress", "preview", "picture", "candidate"])
    source.addEventListener(kind, event => onEvent(JSON.parse(event.data)));
  source.addEventListener("error", () => (source.readyState === EventSource.CLOSED ? onGone() : onAway()));
  return () => source.close();
}

export const isFinished = job => ["succeeded", "failed", "cancelled"].includes(job.state);

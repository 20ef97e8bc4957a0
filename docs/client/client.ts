// Calls of the AIGURO API whose paths, parameters, bodies and answers are checked by the compiler. See README.md.
import type { components, paths } from "./schema";

export type Schemas = components["schemas"];
export type Problem = Schemas["Problem"];

type Method = "get" | "post" | "put" | "patch" | "delete";
type PathOf<M extends Method> = { [P in keyof paths]: paths[P] extends Record<M, unknown> ? P : never }[keyof paths];
type Operation<M extends Method, P extends PathOf<M>> = paths[P] extends Record<M, infer O> ? O : never;
type Place<O, K extends string> = O extends { parameters: infer A } ? (K extends keyof A ? A[K] : undefined) : undefined;

/** Ids are accepted as numbers and as strings. */
type Path<O> = Place<O, "path"> extends infer V extends object ? { path: { [K in keyof V]: string | number } } : { path?: undefined };
type Query<O> = undefined extends Place<O, "query"> ? { query?: Place<O, "query"> } : { query: Place<O, "query"> };
type Content<C> =
  | (C extends { "application/json": infer V } ? V : never)
  | (C extends { "application/x-www-form-urlencoded": infer V } ? V : never)
  | (C extends { "multipart/form-data": unknown } ? FormData : never);
type Body<O> = O extends { requestBody: { content: infer C } }
  ? { body: Content<C> }
  : O extends { requestBody?: { content: infer C } }
    ? { body?: "requestBody" extends keyof O ? Content<C> : undefined }
    : { body?: undefined };
type Answer<O> = O extends { responses: infer R }
  ? { [S in keyof R]: R[S] extends { content: { "application/json": infer V } } ? V : Blob }[keyof R]
  : never;

/** What a call takes; `idempotencyKey` makes a POST safe to repeat, `ifMatch` keeps a PUT from overwriting others. */
export type Options<O> = Path<O> & Query<O> & Body<O> & { idempotencyKey?: string; ifMatch?: string; signal?: AbortSignal };

export interface Settings {
  /** `https://crm.example`, without a slash at the end. */
  server: string;
  /** Asked before every call: with Clerk, `() => getToken()`. */
  token?: () => string | null | Promise<string | null>;
  fetch?: typeof fetch;
}

interface Given {
  path?: Record<string, string | number>;
  query?: Record<string, unknown>;
  body?: unknown;
  idempotencyKey?: string;
  ifMatch?: string;
  signal?: AbortSignal;
}

/** A refusal; `message` is the sentence to show. */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly problem: Problem,
  ) {
    super(problem.detail);
    this.name = "ApiError";
  }
}

/** `const api = client({ server, token }); const rows = await api("get", "/api/organization/{org}/funnels", { path: { org } })` */
export function client(settings: Settings) {
  return async function call<M extends Method, P extends PathOf<M>>(
    method: M,
    path: P,
    ...[options]: object extends Options<Operation<M, P>> ? [Options<Operation<M, P>>?] : [Options<Operation<M, P>>]
  ): Promise<Answer<Operation<M, P>>> {
    const given = (options ?? {}) as unknown as Given;
    const filled = String(path).replace(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(String(given.path?.[name])));
    const query = new URLSearchParams();
    for (const [name, value] of Object.entries(given.query ?? {})) {
      for (const one of Array.isArray(value) ? value : [value]) if (one != null) query.append(name, String(one));
    }
    const headers = new Headers();
    const token = await settings.token?.();
    if (token) headers.set("Authorization", `Bearer ${token}`);
    if (given.idempotencyKey) headers.set("Idempotency-Key", given.idempotencyKey);
    if (given.ifMatch) headers.set("If-Match", given.ifMatch);
    const answer = await (settings.fetch ?? fetch)(`${settings.server}${filled}${query.size ? `?${query}` : ""}`, {
      method: method.toUpperCase(), headers, body: bodyOf(given.body, filled, headers), signal: given.signal ?? null,
    });
    const json = /\bjson\b/.test(answer.headers.get("Content-Type") ?? "");
    if (!answer.ok) throw new ApiError(answer.status, json ? await answer.json() : unreadable(answer, filled));
    return (json ? await answer.json() : await answer.blob()) as Answer<Operation<M, P>>;
  };
}

function bodyOf(body: unknown, path: string, headers: Headers): BodyInit | null {
  if (body === undefined) return null;
  if (body instanceof FormData) return body;
  if (path === "/api/token") return new URLSearchParams(body as Record<string, string>); // RFC 6749: a form
  headers.set("Content-Type", "application/json");
  return JSON.stringify(body);
}

/** A proxy before the server may answer in its own words. */
function unreadable(answer: Response, path: string): Problem {
  const words = `Сервер ответил ${answer.status}`;
  return {
    type: "about:blank", title: words, status: answer.status, detail: words, instance: path, error: words,
    code: "unreadable", request_id: answer.headers.get("X-Request-Id") ?? "",
  };
}

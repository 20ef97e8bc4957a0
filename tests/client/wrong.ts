// What the compiler must refuse: one error a call.
import { client } from "../../docs/client/client";

const api = client({ server: "https://crm.example" });
const path = { org: 1, f: 3, uuid: "0b8f6a1e-6f0c-4d0e-9a55-3f5f0f2b7c11" };
const message = "/api/organization/{org}/funnel/{f}/dialog/{uuid}/message";

export const wrong = [
  api("post", message, { path, body: { text: "слова", rolle: "manager" } }),
  api("post", message, { path, body: { text: 1 } }),
  api("post", message, { path, body: {} }),
  api("post", message, { path }),
  api("post", message, { path: { org: 1 }, body: { text: "слова" } }),
  api("get", "/api/organization/{org}/nothing", { path: { org: 1 } }),
  api("put", "/api/organization/{org}/funnels", { path: { org: 1 } }),
  api("get", "/api/organization/{org}/funnels"),
  api("get", "/api/organization/{org}/funnels", { path: { org: 1 }, query: { limit: "many" } }),
  api("get", "/api/organization/{org}/funnels", { path: { org: 1 } }).then((rows) => rows[0]?.no_such_field),
];

// What the compiler must accept.
import { ApiError, client, type Schemas } from "../../docs/client/client";

const api = client({ server: "https://crm.example", token: async () => "token" });

export async function walk(org: number, uuid: string): Promise<string> {
  const funnels = await api("get", "/api/organization/{org}/funnels", { path: { org } });
  const first: Schemas["FunnelOut"] | undefined = funnels[0];
  if (!first) return "";
  const f: string = first.id;
  const dialogs = await api("get", "/api/organization/{org}/funnel/{f}/dialogs", {
    path: { org, f },
    query: { limit: 50, status: "active", sort: "-last_activity" },
  });
  const names: string[] = dialogs.map((dialog) => dialog.client.name);
  const sent = await api("post", "/api/organization/{org}/funnel/{f}/dialog/{uuid}/message", {
    path: { org, f, uuid },
    body: { text: "Здравствуйте!" },
    idempotencyKey: "hello-1",
  });
  const id: string = sent.id;
  const token = await api("post", "/api/token", {
    body: { grant_type: "password", username: "anna@example.com", password: "secret" },
  });
  const seconds: number = token.expires_in;
  const form = new FormData();
  form.set("file", new Blob(["текст"]), "price.txt");
  await api("post", "/api/api/organizations/{org}/files", { path: { org }, body: form });
  await api("get", "/api/organizations");
  return `${names.join()} ${id} ${seconds}`;
}

export function words(error: unknown): string {
  return error instanceof ApiError ? `${error.problem.code}: ${error.message}` : "Нет связи";
}

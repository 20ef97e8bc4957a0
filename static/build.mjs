// Builds static/dist: hashed scripts and styles, the icon sprite, manifest.json. Skipped when nothing changed.
//
// Tabler's stylesheet is purged against our templates and scripts, so that a page ships only the rules it uses.
// An icon is shipped when a template says icon("name"), or names it in a comment {# icons: name name #}.
import * as esbuild from "esbuild";
import { createHash } from "node:crypto";
import fs from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { PurgeCSS } from "purgecss";

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const at = (...parts) => path.join(root, ...parts);
const dist = at("static", "dist");
const manifestFile = path.join(dist, "manifest.json");

// What one screen alone needs is a file of js/screens: its template asks for it in {% block scripts %}.
const screens = at("static", "src", "js", "screens");
const entries = [
  ...(fs.existsSync(screens) ? fs.readdirSync(screens) : []).filter((name) => name.endsWith(".js")).map((name) => `static/src/js/screens/${name}`),
  "static/src/js/app.js",
  "static/src/js/theme.js",
  "static/src/css/app.css",
  "static/src/docs.js",
  "static/src/docs.css",
  "static/src/webchat.js",
  "static/src/webchat.css",
  "static/src/widget.js",
];

function walk(folder, found = []) {
  if (!fs.existsSync(folder)) return found;
  for (const item of fs.readdirSync(folder, { withFileTypes: true })) {
    const file = path.join(folder, item.name);
    if (item.isDirectory()) walk(file, found);
    else if (!item.name.startsWith(".")) found.push(file);
  }
  return found;
}

const templates = walk(at("templates"));
const sources = walk(at("static", "src"));
const images = walk(at("static", "img"));
// The page of the API has a sheet of its own (docs.css): its tables must not bring Tabler's into the others'.
const tablers = templates.filter((file) => !file.startsWith(at("templates", "docs")));
const forms = walk(at("aiguro_web", "pages", "forms")).filter((file) => file.endsWith(".py"));

/** The newest change among everything that the build reads. */
function newest() {
  const inputs = [...templates, ...sources, ...images, ...forms, at("package-lock.json"), fileURLToPath(import.meta.url)];
  return Math.max(...inputs.map((file) => fs.statSync(file).mtimeMs));
}

function fresh() {
  if (!fs.existsSync(manifestFile)) return false;
  if (fs.statSync(manifestFile).mtimeMs < newest()) return false;
  const built = Object.values(JSON.parse(fs.readFileSync(manifestFile, "utf8")));
  return built.every((name) => fs.existsSync(path.join(dist, name)));
}

/** What a template or form can match: the words inside class attributes, its tags, its attributes. */
function selectorsIn(text) {
  const attributes = [...text.matchAll(/\b(?:class|class_)\s*[=:]\s*(?:"([^"]*)"|'([^']*)')/g)];
  const words = attributes.flatMap(([, double, single]) => (double ?? single).match(/[A-Za-z0-9_-]+/g) ?? []);
  const tags = [...text.matchAll(/<([a-z][a-z0-9]*)/g)].map((match) => match[1]);
  return {
    classes: words,
    ids: [],
    tags: ["html", "body", ...tags],
    attributes: { names: ["data-bs-theme", "type", "disabled", "hidden", "role"], values: text.match(/[a-z]+/g) ?? [] },
    undetermined: [],
  };
}

async function tabler() {
  const [result] = await new PurgeCSS().purge({
    css: [{ raw: fs.readFileSync(at("node_modules/@tabler/core/dist/css/tabler.css"), "utf8") }],
    content: [...tablers, ...forms],
    defaultExtractor: selectorsIn,
    dynamicAttributes: ["data-bs-theme"],
    fontFace: true,
    keyframes: true,
  });
  return result.css.replace(/\/\*[\s\S]*?\*\//g, "");
}

/** Custom properties that nothing reads are half of Tabler: take them out of the finished sheet, until none is left. */
function withoutUnusedProperties(css, alsoRead) {
  for (;;) {
    const used = new Set([...(css + alsoRead).matchAll(/var\(\s*(--[\w-]+)/g)].map((match) => match[1]));
    const next = css.replace(/(?<=[{;])\s*(--tblr-[\w-]+):([^;{}]*?)(;|(?=}))/g, (whole, name) => (used.has(name) ? whole : ""));
    if (next === css) return css;
    css = next;
  }
}

const tablerPlugin = {
  name: "tabler",
  setup(build) {
    build.onResolve({ filter: /^tabler$/ }, () => ({ path: "tabler", namespace: "tabler" }));
    build.onLoad({ filter: /.*/, namespace: "tabler" }, async () => {
      const own = sources.filter((file) => file.endsWith(".css")).map((file) => fs.readFileSync(file, "utf8")).join("\n");
      return { contents: withoutUnusedProperties(await tabler(), own), loader: "css" };
    });
  },
};

function sprite() {
  const names = new Set();
  for (const file of templates) {
    const text = fs.readFileSync(file, "utf8");
    for (const match of text.matchAll(/\bicon\(\s*["']([a-z0-9-]+)["']/g)) names.add(match[1]);
    for (const match of text.matchAll(/\{#\s*icons:([a-z0-9\s-]+)#\}/g)) {
      match[1].trim().split(/\s+/).forEach((name) => names.add(name));
    }
  }
  const ours = (name) => at("static", "img", `${name}.svg`);
  const source = (name) =>
    fs.existsSync(ours(name)) ? ours(name) : at("node_modules/@tabler/icons/icons/outline", `${name}.svg`);
  const symbol = (name) =>
    fs
      .readFileSync(source(name), "utf8")
      .replace(/<!--[\s\S]*?-->/g, "")
      .replace(/<svg[^>]*?(viewBox="[^"]*")[^>]*>/, `<symbol id="${name}" $1>`)
      .replace("</svg>", "</symbol>")
      .replace(/\s+/g, " ")
      .trim();
  return `<svg xmlns="http://www.w3.org/2000/svg">${[...names].sort().map(symbol).join("")}</svg>`;
}

function put(name, content, manifest) {
  const hash = createHash("sha256").update(content).digest("hex").slice(0, 8).toUpperCase();
  const { name: stem, ext } = path.parse(name);
  manifest[name] = `${stem}-${hash}${ext}`;
  fs.writeFileSync(path.join(dist, manifest[name]), content);
}

async function build() {
  fs.mkdirSync(dist, { recursive: true });
  const result = await esbuild.build({
    absWorkingDir: root,
    entryPoints: entries,
    bundle: true,
    minify: true,
    metafile: true,
    outdir: dist,
    entryNames: "[name]-[hash]",
    target: ["es2022", "chrome111", "firefox121", "safari16.4"],
    format: "iife",
    legalComments: "none",
    logLevel: "warning",
    plugins: [tablerPlugin],
  });
  const manifest = {};
  for (const [output, meta] of Object.entries(result.metafile.outputs)) {
    if (meta.entryPoint) manifest[path.basename(meta.entryPoint)] = path.basename(output);
  }
  put("icons.svg", sprite(), manifest);
  for (const file of images) put(path.basename(file), fs.readFileSync(file), manifest);
  fs.writeFileSync(manifestFile, `${JSON.stringify(manifest, null, 1)}\n`);
  const kept = new Set([...Object.values(manifest), "manifest.json"]);
  for (const name of fs.readdirSync(dist)) if (!kept.has(name)) fs.rmSync(path.join(dist, name), { recursive: true });
  return manifest;
}

if (fresh()) {
  console.log("static/dist is up to date");
} else {
  const started = Date.now();
  const manifest = await build();
  console.log(`static/dist: ${Object.keys(manifest).length} files in ${Date.now() - started} ms`);
}

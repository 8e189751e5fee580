// Pictures as PNG: <button type="button" data-png="ADDRESS or #ID" data-name="FILE.png"> saves the SVG that is there.
import { toast } from "./rename.js";

const SCALE = 2, MOST = 8192;

async function fetched(address) {
  const answer = await fetch(address);
  if (!answer.ok || !answer.headers.get("content-type")?.startsWith("image/svg")) throw new Error("the picture is not there any more");
  return answer.text();
}

// a figure that stands in the page takes its look along, in the light colours
async function inline(id) {
  const found = document.getElementById(id), drawn = found?.matches("svg") ? found : found?.querySelector("svg");
  if (!drawn) throw new Error("the picture is not drawn");
  const answer = await fetch("/static/figure.css");
  if (!answer.ok) throw new Error("its style cannot be read");
  const look = (await answer.text()).replace(/\/\*.*?\*\//gs, "").replaceAll("&", "&amp;").replaceAll("<", "&lt;");
  return new XMLSerializer().serializeToString(drawn).replace(/^<svg[^>]*>/, (head) => `${head}<style>${look}</style>`);
}

// an image has to know its size: some browsers draw none without; a parser would try the styles, which the page forbids
function sized(text) {
  const head = text.match(/<svg[^>]*>/)?.[0];
  if (!head) throw new Error("the picture cannot be read");
  const box = head.match(/\bviewBox="([^"]*)"/)?.[1].trim().split(/[\s,]+/).map(Number) ?? [];
  const told = (name) => parseFloat(head.match(new RegExp(`\\s${name}="([\\d.]+)(?:px)?"`))?.[1]);
  const width = box[2] || told("width"), height = box[3] || told("height");
  if (!(width > 0 && height > 0)) throw new Error("the picture has no size");
  const fresh = head.replace(/\s(?:width|height)="[^"]*"/g, "").replace("<svg", `<svg width="${width}" height="${height}"`);
  return { text: text.replace(head, () => fresh), width, height };
}

async function painted({ text, width, height }) {
  const scale = Math.min(SCALE, MOST / width, MOST / height);
  const address = URL.createObjectURL(new Blob([text], { type: "image/svg+xml" }));
  try {
    const image = new Image();
    image.src = address;
    await image.decode();
    const canvas = document.createElement("canvas");
    canvas.width = Math.round(width * scale);
    canvas.height = Math.round(height * scale);
    const brush = canvas.getContext("2d");
    brush.fillStyle = "#ffffff";
    brush.fillRect(0, 0, canvas.width, canvas.height);
    brush.drawImage(image, 0, 0, canvas.width, canvas.height);
    const found = await new Promise((done) => { canvas.toBlob(done, "image/png"); });
    if (!found) throw new Error("the browser makes no PNG of it");
    return found;
  } finally {
    URL.revokeObjectURL(address);
  }
}

function save(content, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(content);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10000);
}

document.addEventListener("click", async ({ target }) => {
  const button = target.closest?.("button[data-png]");
  if (!button || button.getAttribute("aria-busy") === "true") return;
  const where = button.dataset.png, name = button.dataset.name || "picture.png";
  button.setAttribute("aria-busy", "true");
  try {
    save(await painted(sized(await (where.startsWith("#") ? inline(where.slice(1)) : fetched(where)))), name);
  } catch (error) {
    toast(`${name} could not be made: ${error instanceof TypeError ? "the page does not answer" : error.message || "the picture cannot be drawn"}.`);
  }
  button.removeAttribute("aria-busy");
});

// Schedules: more of them, fewer of them, and their code to the clipboard; the drawing comes from the server.
import { make, key } from "./theme.js";

const texts = document.getElementById("texts"), form = document.getElementById("asked"), add = document.getElementById("add");

function changed() {
  [...texts.children].forEach((line, i) => {
    line.querySelector("svg").replaceWith(key(i));
    line.querySelector("input").setAttribute("aria-label", `schedule ${i + 1}`);
    line.querySelector("button").setAttribute("aria-label", `remove schedule ${i + 1}`);
  });
  add.disabled = texts.children.length >= Number(add.dataset.most);
  form.dispatchEvent(new Event("input", { bubbles: true }));
}

add.addEventListener("click", () => {
  const field = make("input", { name: "text", spellcheck: "false", autocomplete: "off", autocapitalize: "off", maxlength: "2000", list: "examples" });
  texts.append(make("li", {}, key(0), field, make("button", { type: "button", class: "quietly", "data-remove": true }, "Remove")));
  changed();
  field.focus();
});

texts.addEventListener("click", ({ target }) => {
  if (!target.closest("[data-remove]")) return;
  target.closest("li").remove();
  changed();
  (texts.querySelector("input") ?? add).focus();
});

document.addEventListener("click", async ({ target }) => {
  const button = target.closest("[data-copy]");
  if (!button) return;
  try {
    await navigator.clipboard.writeText(button.dataset.copy);
    button.textContent = "Copied";
  } catch {
    const chosen = getSelection();
    chosen.selectAllChildren(button.previousElementSibling);
    button.textContent = "Selected: copy it";
  }
  setTimeout(() => { button.textContent = "Copy"; }, 2000);
});

// What takes seconds: begun by a button, and drawn as it comes.
import { Stream } from "./live.js";

const form = document.getElementById("work"), button = form.querySelector("button"), drawn = document.getElementById("drawn");
const fault = document.getElementById("part-fault");

function query() {
  return new URLSearchParams(new FormData(form)).toString();
}

function follow(asked) {
  if (button) button.disabled = true;
  const stream = new Stream(() => `${form.dataset.events}?${asked}`, {
    drawn: (text) => { drawn.replaceChildren(...new DOMParser().parseFromString(text, "text/html").body.childNodes); },
    over: () => { stream.end(); if (button) button.disabled = false; },
  });
}

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  const asked = query();
  const answer = await fetch(form.dataset.post, { method: "POST", body: asked });
  fault.textContent = answer.ok ? "" : (await answer.json()).fault;
  if (!answer.ok) return;
  history.replaceState(null, "", asked ? `${location.pathname}?${asked}` : location.pathname);
  follow(asked);
});

if ("running" in form.dataset) follow(query());

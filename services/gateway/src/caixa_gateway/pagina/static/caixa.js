// What the server cannot know: whether this very browser still gets answers. Tokens and money are never in its reach.
(() => {
  "use strict";
  const clock = () => new Date().toLocaleTimeString("pt-BR", { hour12: false });
  const state = { attempt: "", success: "", failing: false };
  const find = (id) => document.getElementById(id);
  const isBalance = (event) => event.detail.elt && event.detail.elt.id === "saldo";

  const show = () => {
    const attempt = find("tentativa");
    if (!attempt) return;
    attempt.textContent = state.attempt || attempt.textContent;
    if (state.success) find("resposta").textContent = state.success;
    const pulse = find("pulso");
    pulse.dataset.estado = state.failing ? "parado" : "vivo";
    pulse.querySelector(".pulso-texto").textContent = state.failing ? "Aguardando" : "Ao vivo";
    const waiting = find("espera");
    if (state.failing && state.success) find("espera-desde").textContent = `desde ${state.success}`;
    waiting.hidden = !state.failing;
  };

  const start = () => {
    const balance = find("saldo");
    if (balance) {
      // The phone's clock from here on; what the server rendered counts as the first answer.
      state.attempt = clock();
      state.success = balance.dataset.sucesso ? state.attempt : "";
      state.failing = !balance.dataset.sucesso;
      show();
    }
    const print = find("imprimir");
    if (print) {
      print.hidden = false;
      print.addEventListener("click", () => window.print());
    }
  };

  document.addEventListener("htmx:beforeRequest", (event) => {
    if (!isBalance(event)) return;
    if (document.hidden) {
      event.preventDefault(); // nobody looks
      return;
    }
    state.attempt = clock();
  });
  document.addEventListener("htmx:afterRequest", (event) => {
    if (!isBalance(event)) return;
    const status = event.detail.xhr ? event.detail.xhr.status : 0;
    state.failing = !(status === 304 || (status >= 200 && status < 300));
    if (!state.failing) state.success = clock();
    show();
  });
  document.addEventListener("htmx:afterSettle", (event) => {
    show();
    // The form was replaced: the next thing to do is the next entry, or what is wrong.
    if (event.detail.elt && event.detail.elt.id === "registro") {
      const wrong = event.detail.elt.querySelector("[aria-invalid]");
      (wrong || event.detail.elt.querySelector("#valor")).focus({ preventScroll: !wrong });
    }
  });
  const unsent = (event) => {
    if (!event.detail.elt || event.detail.elt.tagName !== "FORM") return;
    const outcome = find("resultado");
    const told = document.createElement("p");
    told.className = "recado recado-erro";
    told.id = "falha";
    told.textContent = "Sem resposta agora. Toque de novo em registrar: se já valeu, não conta duas vezes.";
    outcome.replaceChildren(told);
  };
  for (const name of ["htmx:sendError", "htmx:timeout", "htmx:responseError"]) document.addEventListener(name, unsent);
  document.addEventListener("DOMContentLoaded", start);
})();

// Says on every page when decisions wait to be sent, and why.
import { outbox } from "./outbox.js";

const notice = document.getElementById("outbox");
const text = notice.querySelector("[data-outbox-text]");
const count = notice.querySelector("[data-outbox-count]");
const signIn = notice.querySelector("[data-outbox-sign-in]");
const reasons = {
  offline: notice.dataset.offline,
  "signed-out": notice.dataset.signedOut,
  blocked: notice.dataset.blocked,
};

function show() {
  const waiting = outbox.entries().length;
  const reason = reasons[outbox.state];
  notice.hidden = !waiting || !reason;
  if (notice.hidden) return;
  text.textContent = reason;
  count.textContent = String(waiting);
  signIn.hidden = outbox.state !== "signed-out";
}

notice.querySelector("[data-outbox-retry]").addEventListener("click", () => outbox.flush());
outbox.addEventListener("change", show);
if (outbox.entries().length) outbox.flush();

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
  // A batch is one entry and as many decisions as it has flags.
  const waiting = outbox.entries().reduce((sum, entry) => sum + (entry.number ?? 1), 0);
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

// Says on the sign-in page that decisions are kept when the session ended before they could be sent.
import { countKept } from "./outbox.js";

const notice = document.querySelector("[data-kept]");
const kept = countKept();
notice.hidden = !kept;
notice.querySelector("[data-kept-count]").textContent = String(kept);

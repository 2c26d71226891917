// The confirmation of a held pass: what it would take, asked before it is carried out. Loaded when somebody wants to confirm.

import { actions } from "./actions.js";
import { archive } from "./archive.js";
import { ask } from "./ask.js";
import { fetchJson, sendJson } from "./requests.js";
import { size, t, withoutCommand } from "./texts.js";

/** @typedef {{camera: string, day: string, events: "all" | string[], count: number, bytes: number | null, reason: string, rule?: any}} Item */

/** What items are together. @param {Item[]} items */
export function total(items) {
  const bytes = items.reduce((sum, item) => sum + (item.bytes ?? 0), 0);
  const isKnown = items.every((item) => item.bytes !== null);
  return {
    count: items.reduce((sum, item) => sum + item.count, 0),
    days: new Set(items.map(({ day }) => day)).size,
    size: isKnown ? size(bytes) : bytes ? t("storage-at-least", { size: size(bytes) }) : size(null),
  };
}

/** Says what a pass did, or why it was refused. @param {any} pass */
export function tellPass(pass) {
  if (pass.refused) return actions.notify(withoutCommand(pass.refused.message), true);
  if (pass.failures?.length) return actions.notify(t("pass-failed", { count: pass.failures.length, why: pass.failures[0].problem }), true);
  const { count, size } = total(pass.items);
  return actions.notify(count ? t("pass-made", { count, size }) : t("pass-empty"));
}

/** Asks whether a held pass is meant, or days of a wrong date, and carries it out. @param {string} id @param {string} why the guard's message */
export async function confirmHeld(id, why) {
  try {
    const { passes, plan } = await fetchJson("api/v1/retention");
    const held = [...passes, plan?.wrong_date].find((pass) => pass?.pass === id);
    if (!held) {
      actions.notify(t("held-gone"), true);
      return await archive.refresh();
    }
    const { count, size: bytes, days } = total(held.items);
    const what = t("held-asks", { count, size: bytes, days });
    const title = t(held === plan?.wrong_date ? "held-title-date" : "held-title");
    if (!(await ask({ title, lines: [what, withoutCommand(why)], action: t("held-action", { count }) }))) return;
    tellPass(await sendJson("POST", "api/v1/retention/confirm", { pass: id }));
    await archive.refresh();
  } catch (error) {
    actions.notify(error.message, true);
  }
}

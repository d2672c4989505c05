/** The crew on duty with this phone, from "Mulai dinas" to "Akhiri dinas". */

import { signal } from "@preact/signals";
import { now } from "./clock";
import { kept } from "./database";
import { type Shift, shift, waiting, write } from "./outbox";
import { asData } from "./position";

export interface Duty {
  crew: string;
  members: { id: string; name: string }[];
  order: string;
  vehicle: string;
  startedAt: number;
  /** Who holds the phone, where that is not the one whom it was enrolled for. */
  holder?: { id: string; name: string } | undefined;
  shift?: Shift | undefined;
}

export const duty = signal<Duty | null>(null);

export async function loadDuty(): Promise<void> {
  duty.value = (await kept("duty")) ?? null;
  shift.value = duty.value?.shift ?? null;
}

export async function startDuty(chosen: Omit<Duty, "startedAt" | "shift">): Promise<void> {
  const started: Duty = { ...chosen, startedAt: now() };
  const data = {
    crew: chosen.crew,
    members: chosen.members.map((member) => member.id),
    duty_order_no: chosen.order.trim() || undefined,
    vehicle: chosen.vehicle.trim() || undefined,
    neutrality_ack: true,
    position: asData(),
  };
  const first = { type: "ronda.shift.started.v1", data, holder: chosen.holder?.id };
  const [made] = await write([first], { duty: started });
  shift.value = made?.shift ?? null;
  duty.value = { ...started, shift: made?.shift };
}

export async function endDuty(): Promise<void> {
  const ended = duty.value;
  if (!ended) return;
  const data = { crew: ended.crew, unsent: waiting.value.length };
  await write([{ type: "ronda.shift.ended.v1", data }], { duty: null });
  shift.value = null;
  duty.value = null;
}

/** The crew on duty with this phone, from "Mulai dinas" to "Akhiri dinas". */

import { signal } from "@preact/signals";
import { now } from "./clock";
import { kept } from "./database";
import { waiting, write } from "./outbox";
import { asData } from "./position";

export interface Duty {
  crew: string;
  members: { id: string; name: string }[];
  order: string;
  vehicle: string;
  startedAt: number;
}

export const duty = signal<Duty | null>(null);

export async function loadDuty(): Promise<void> {
  duty.value = (await kept("duty")) ?? null;
}

export async function startDuty(chosen: Omit<Duty, "startedAt">): Promise<void> {
  const started: Duty = { ...chosen, startedAt: now() };
  const data = {
    crew: chosen.crew,
    members: chosen.members.map((member) => member.id),
    duty_order_no: chosen.order.trim() || undefined,
    vehicle: chosen.vehicle.trim() || undefined,
    neutrality_ack: true,
    position: asData(),
  };
  await write([{ type: "ronda.shift.started.v1", data }], { duty: started });
  duty.value = started;
}

export async function endDuty(): Promise<void> {
  const ended = duty.value;
  if (!ended) return;
  const data = { crew: ended.crew, unsent: waiting.value.length };
  await write([{ type: "ronda.shift.ended.v1", data }], { duty: null });
  duty.value = null;
}

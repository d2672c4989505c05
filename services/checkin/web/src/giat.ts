/** The text of the *laporan giat* of a visit, made from the record and never the reverse. */

import { dayTime, hourOf, longDate, shortTime, zone } from "./format";
import { indonesian } from "./language";
import { items } from "./outbox";
import { REPORTED, reportLabel } from "./report";
import { isTask, type Visit } from "./visit";
import { guardsMet } from "./VisitForm";

const UNSAID = "belum diisi";
const SITUATIONS = {
  aman: "aman terkendali",
  waspada: "waspada, perlu perhatian",
  gangguan: "ada gangguan",
};

export function giat(visit: Visit): string {
  const end = endOf(visit);
  const { phase, order } = visit;
  return [
    `${greeting(visit.at)} Komandan, izin melaporkan giat patroli dialogis${
      phase ? ` tahapan ${phase.toLowerCase()}` : ""
    }.`,
    `${longDate(visit.at)}`,
    `Pukul: ${shortTime(visit.at)}–${end ? shortTime(end) : "…"} ${zone(visit.at)}`,
    ...(order ? [`Sprint: ${order}`] : []),
    `Pelaksana: ${performers(visit)}`,
    `Sasaran: ${visit.siteName}${checks(visit)}`,
    `Petugas jaga ditemui: ${visit.guards === null ? UNSAID : `${guardsMet(visit)} pers`}`,
    `Dialog/informasi: ${visit.dialogue.trim() || UNSAID}`,
    `Potensi kerawanan: ${weaknesses(visit)}`,
    `Imbauan kamtibmas: ${visit.advice ? "sudah disampaikan" : "belum"}`,
    `Situasi: ${visit.situation ? SITUATIONS[visit.situation] : UNSAID}`,
    `Kejadian menonjol: ${incidents(visit)}`,
    `Dokumentasi: ${visit.photos.length} foto.${corrected(visit)} Demikian, mohon arahan.`,
  ].join("\n");
}

function corrected({ correctedAt }: Visit): string {
  return correctedAt ? ` Isian dikoreksi ${shortTime(correctedAt)} ${zone(correctedAt)}.` : "";
}

/** Null for a visit that was left open. */
function endOf({ finished }: Visit): number | null {
  return finished && !finished.incomplete ? finished.at : null;
}

function greeting(moment: number): string {
  const hour = hourOf(moment);
  if (hour >= 4 && hour < 11) return "Selamat pagi";
  if (hour >= 11 && hour < 15) return "Selamat siang";
  return hour >= 15 && hour < 18 ? "Selamat sore" : "Selamat malam";
}

function performers(visit: Visit): string {
  const crew = visit.crew ? `${visit.crew}, ` : "";
  return `${crew}dipimpin ${visit.leader}${visit.people > 0 ? `, kuat ${visit.people} pers` : ""}`;
}

/** "; cek: gembok baik, CCTV bermasalah (7 dari 8 menyala)" */
function checks(visit: Visit): string {
  const said = visit.checklist.flatMap((line) => {
    const given = visit.answers[line.id];
    if (!given) return [];
    const word = indonesian(`giat.${isTask(line) ? "task." : ""}${given.answer}`);
    const remark = given.remark?.trim() ? ` (${given.remark.trim()})` : "";
    return [`${line.label} ${word}${remark}`];
  });
  return said.length > 0 ? `; cek: ${said.join(", ")}` : "";
}

function weaknesses(visit: Visit): string {
  if (visit.weaknesses.length === 0) return "nihil";
  return visit.weaknesses
    .map((one, index) => {
      const until = dayTime(one.dueAt, visit.at);
      return `${index + 1}) ${one.text}, penanggung jawab ${one.owner}, batas ${until}`;
    })
    .join("; ");
}

/** Reports that this phone made at the site during the visit. */
function incidents(visit: Visit): string {
  const end = endOf(visit) ?? Infinity;
  const seen = items.value.filter((item) => {
    const at = Date.parse(item.event.time);
    const here = item.type === REPORTED && item.event.subject === visit.site;
    return here && at >= visit.at && at <= end;
  });
  if (seen.length === 0) return "nihil";
  const words = seen.map((item) => {
    return `${reportLabel(String(item.event.data.category))} pukul ${shortTime(item.event.time)}`;
  });
  return words.join("; ");
}

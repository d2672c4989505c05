/** Where the phone is: the last fix, refreshed while it is watched. */

import { signal } from "@preact/signals";
import { correction, now, written } from "./clock";
import { metresBetween, type Place } from "./format";

export interface Fix extends Place {
  accuracy_m: number;
  /** Corrected milliseconds. */
  at: number;
}

export const fix = signal<Fix | null>(null);
/** The officer, or the phone, said no. */
export const refused = signal(false);

const FRESH_MS = 120_000;
let watching: number | undefined;

export function watchPosition(): void {
  if (watching !== undefined || !("geolocation" in navigator)) return;
  watching = navigator.geolocation.watchPosition(taken, (error) => {
    refused.value = error.code === error.PERMISSION_DENIED;
  }, { enableHighAccuracy: true, maximumAge: 15_000 });
}

export function stopWatching(): void {
  if (watching !== undefined) navigator.geolocation.clearWatch(watching);
  watching = undefined;
}

/** Whether the position can be had without a question on the screen. */
export async function isAllowed(): Promise<boolean> {
  const asked = await navigator.permissions?.query({ name: "geolocation" }).catch(() => null);
  return asked?.state === "granted";
}

function taken({ coords, timestamp }: GeolocationPosition): void {
  refused.value = false;
  fix.value = {
    lat: coords.latitude,
    lon: coords.longitude,
    accuracy_m: Math.round(coords.accuracy),
    at: timestamp + correction.value,
  };
}

/** The fix as events carry it; absent where there is none. */
export function asData(known: Fix | null = fix.value) {
  if (!known) return undefined;
  const { lat, lon, accuracy_m, at } = known;
  return { lat, lon, accuracy_m, fixed_at: written(at) };
}

export function isFresh(known: Fix | null): boolean {
  return known !== null && now() - known.at < FRESH_MS;
}

/** Metres to a site from the last fix; null without one. */
export function metresTo(place: Place): number | null {
  return fix.value ? metresBetween(fix.value, place) : null;
}

/** The chosen language and theme, remembered on this phone, and the texts in that language. */

import { effect, signal } from "@preact/signals";
import { remember, remembered } from "./remembered";
import { strings } from "./strings";

export type Key = keyof typeof strings;
export type Language = "id" | "en";
export type Theme = "dark" | "light";

export const language = signal<Language>(remembered("ronda.language") === "en" ? "en" : "id");
export const theme = signal<Theme>(remembered("ronda.theme") === "light" ? "light" : "dark");

effect(() => {
  document.documentElement.lang = language.value;
  remember("ronda.language", language.value);
});
effect(() => {
  document.documentElement.dataset.theme = theme.value;
  remember("ronda.theme", theme.value);
  // The bar of the phone above the app takes the page's ground.
  const ground = getComputedStyle(document.documentElement).getPropertyValue("--bg");
  document.querySelector("meta[name=theme-color]")?.setAttribute("content", ground);
});

export function t(key: Key, values: Record<string, string | number> = {}): string {
  return inLanguage(strings[key], values);
}

/** The Indonesian text whatever the screen's language: reports are written in Indonesian. */
export function indonesian(key: Key, values: Record<string, string | number> = {}): string {
  return filled(strings[key][0], values);
}

/** The text of a key that data names; else what is given, or the data's own word made readable. */
export function tIfKnown(prefix: string, code: string, otherwise = readable(code)): string {
  const key = `${prefix}.${code}`;
  return Object.hasOwn(strings, key) ? t(key as Key) : otherwise;
}

/** The label of something that the plan names. */
export function labelOf(named: { label: string; label_en?: string }): string {
  return language.value === "id" ? named.label : (named.label_en ?? named.label);
}

/** `suspicious_object` → "Suspicious object", for codes that come without a label. */
export function readable(code: string): string {
  const words = code.replaceAll(/[_-]+/g, " ").trim();
  return words.charAt(0).toUpperCase() + words.slice(1);
}

function inLanguage(pair: readonly [string, string], values: Record<string, string | number>) {
  return filled(pair[language.value === "id" ? 0 : 1], values);
}

function filled(text: string, values: Record<string, string | number>): string {
  return text.replace(/\{(\w+)\}/g, (_, name: string) => String(values[name] ?? ""));
}

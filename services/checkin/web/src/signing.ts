/** Signs what waits, once: the text that was signed is stored, and is what is sent each time. */

import { canonical, type Json } from "./canonical";
import { identity, signature } from "./identity";
import { change, type Item } from "./outbox";

/** The texts to send, in order. */
export async function signed(batch: Item[]): Promise<string[]> {
  const keys = identity.value?.keys;
  if (!keys) throw new Error("this phone is not enrolled");
  const made = new Map<string, string>();
  for (const item of batch) made.set(item.id, item.text ?? (await signedText(item, keys)));
  const fresh = batch.filter((item) => item.text === undefined);
  const known = (item: Item): Partial<Item> => ({ text: made.get(item.id) ?? "" });
  await change(new Map(fresh.map((item) => [item.id, known(item)])));
  return batch.map((item) => made.get(item.id) ?? "");
}

async function signedText({ event, purpose }: Item, keys: CryptoKeyPair): Promise<string> {
  const value: Json = { ...event };
  const beside = { purpose, signature: await signature(value, keys) };
  // Two JSON objects that share no name become one.
  return `${canonical(value).slice(0, -1)},${JSON.stringify(beside).slice(1)}`;
}

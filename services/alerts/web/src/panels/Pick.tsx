import { useSignal } from "@preact/signals";
import { useId } from "preact/hooks";
import type { Item } from "./situation";

/** Offered at most; the next letters leave fewer. */
const OFFERED = 20;

interface Props {
  label: string;
  items: readonly Item[];
  /** The id of what is named, or an empty text. */
  onPick: (id: string) => void;
  testId: string;
}

/** One of very many, named by typing: a list of thousands is none to choose from. */
export function Pick({ label, items, onPick, testId }: Props) {
  const text = useSignal("");
  const list = useId();
  const wanted = text.value.trim().toLowerCase();
  const typed = (value: string) => {
    text.value = value;
    onPick(items.find((item) => item.text === value.trim())?.id ?? "");
  };
  return (
    <label class="field wide">
      {label}
      <input
        type="text"
        list={list}
        maxLength={300}
        value={text.value}
        onInput={(event) => typed(event.currentTarget.value)}
        data-testid={testId}
      />
      <datalist id={list}>
        {items
          .filter((item) => item.text.toLowerCase().includes(wanted))
          .slice(0, OFFERED)
          .map((item) => (
            <option key={item.id} value={item.text} />
          ))}
      </datalist>
    </label>
  );
}

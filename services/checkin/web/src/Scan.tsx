/** F4: check-in by the code at the site, a tag, or the position. */

import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { siteName, sites } from "./assignment";
import { now } from "./clock";
import type { Site } from "./contract";
import { distance } from "./format";
import { t } from "./language";
import { hasNfc, readTags } from "./nfc";
import { once } from "./once";
import { Head } from "./Page";
import { fix, metresTo, refused } from "./position";
import { sayWritten } from "./said";
import { type Camera, scan } from "./scanner";
import { about, replace } from "./screen";
import { SitePick } from "./SitePick";
import { siteOfCode } from "./checkpoint";
import { abandon, checkIn, type Method, visit } from "./visit";

const GPS_AFTER_MS = 10_000;
const GOOD_ACCURACY_M = 100;
const LONGEST_WAIT_MS = 15_000;
const LOOK_MS = 500;

export function Scan() {
  if (visit.value) return <StillOpen />;
  return <Scanner wanted={about.value || null} />;
}

function StillOpen() {
  return (
    <>
      <Head title={t("ci.title")} />
      <section class="card">
        <p>{t("ci.stillopen", { site: visit.value?.siteName ?? "" })}</p>
        <button type="button" class="primary" onClick={() => replace("visit")}>
          {t("ci.continue")}
        </button>
        <button
          type="button"
          class="plain"
          data-testid="abandon"
          onClick={() => once("visit", abandon)}
        >
          {t("ci.abandon")}
        </button>
      </section>
    </>
  );
}

interface Found {
  site: string;
  code: string;
  method: Method;
}

function Scanner({ wanted }: { wanted: string | null }) {
  const video = useRef<HTMLVideoElement>(null);
  const camera = useSignal<Camera | null>(null);
  const lit = useSignal(false);
  const slow = useSignal(false);
  const blind = useSignal(false);
  const other = useSignal<Found | null>(null);
  const unknown = useSignal(false);

  const found = (method: Method) => (code: string) => {
    const site = siteOfCode(code);
    unknown.value = site === null;
    if (site === null) return;
    const known = sites.value.has(site);
    if (known && (wanted === null || wanted === site)) void arrive(site, method, code);
    else other.value = { site, code, method };
  };

  useEffect(() => {
    const timer = setTimeout(() => (slow.value = true), GPS_AFTER_MS);
    const stop = new AbortController();
    let gone = false;
    const start = async () => {
      if (!video.current) return;
      const opened = await scan(video.current, found("qr"));
      if (gone) opened.stop();
      camera.value = opened;
    };
    start().catch(() => (blind.value = true));
    if (hasNfc()) readTags(stop.signal, found("nfc")).catch(() => undefined);
    return () => {
      gone = true;
      clearTimeout(timer);
      stop.abort();
      camera.value?.stop();
    };
  }, []);

  const torch = camera.value?.torch;
  const shine = async () => {
    try {
      await torch?.(!lit.value);
      lit.value = !lit.value;
    } catch {
      // The phone named a lamp that the camera cannot light.
      if (camera.value) camera.value = { ...camera.value, torch: null };
    }
  };
  return (
    <>
      <Head title={t("ci.title")}>
        {torch && (
          <button
            type="button"
            class="plain"
            data-testid="torch"
            aria-pressed={lit.value}
            onClick={shine}
          >
            {t("ci.torch")}
          </button>
        )}
      </Head>
      {wanted && <p class="scan-for">{siteName(wanted)}</p>}
      {other.value && <Other found={other.value} />}
      <div class={blind.value ? "finder blind" : "finder"}>
        <video ref={video} muted playsInline aria-label={t("ci.qr")} />
        {blind.value && <p>{t("ci.nocamera")}</p>}
      </div>
      <p class="quiet" role="status">
        {unknown.value ? t("ci.unknown") : !blind.value && t("ci.aim")}
        {hasNfc() && ` ${t("ci.nfc")}.`}
      </p>
      <Where site={wanted} />
      <WithoutCode wanted={wanted} position={slow.value || blind.value} />
    </>
  );
}

function arrive(site: string, method: Method, code?: string): Promise<void> {
  return once("check-in", async () => {
    if (visit.value) return; // the next picture of the same code
    await checkIn(site, method, code);
    sayWritten();
    replace("visit");
  });
}

/** The code of a site that was not expected here; it is offered, never refused. */
function Other({ found }: { found: Found }) {
  const words = sites.value.has(found.site)
    ? t("ci.other", { site: siteName(found.site) })
    : t("ci.unlisted", { site: found.site });
  return (
    <section class="card">
      <p>{words}</p>
      <button
        type="button"
        class="primary"
        data-testid="other-site"
        onClick={() => arrive(found.site, found.method, found.code)}
      >
        {t("ci.here")}
      </button>
    </section>
  );
}

function Where({ site }: { site: string | null }) {
  const place: Site | undefined = site ? sites.value.get(site) : undefined;
  const away = place ? metresTo(place) : null;
  if (refused.value) return <p class="unknown">{t("ci.noposition")}</p>;
  if (!fix.value) return <p class="quiet">{t("ci.searching")}</p>;
  return (
    <p data-testid="where">
      {t("ci.accuracy", { m: fix.value.accuracy_m })}
      {place && away !== null && ` · ${t("ci.distance", { d: distance(away) })}`}
      {place && away !== null && (
        <span class="where-line">
          {away <= place.radius_m + fix.value.accuracy_m
            ? `${t("ci.in", { m: place.radius_m })} ✓`
            : t("ci.out", { m: place.radius_m })}
        </span>
      )}
    </p>
  );
}

/** The other ways in: by the position alone, or with nothing to prove it. */
function WithoutCode({ wanted, position }: { wanted: string | null; position: boolean }) {
  const chosen = useSignal<string | null>(wanted);
  const broken = useSignal(false);
  const waits = useSignal(false);
  const byPosition = async () => {
    if (!chosen.value || waits.value) return;
    waits.value = true;
    await goodFix();
    await arrive(chosen.value, "gps");
  };
  return (
    <>
      {wanted === null && (position || broken.value) && (
        <SitePick chosen={chosen.value} choose={(site) => (chosen.value = site)} />
      )}
      {position && (
        <button
          type="button"
          class="tonal wide"
          data-testid="by-position"
          aria-disabled={chosen.value === null || waits.value}
          onClick={byPosition}
        >
          {waits.value ? t("ci.searching") : t("ci.gps")}
        </button>
      )}
      <button
        type="button"
        class="plain wide"
        data-testid="by-hand"
        aria-expanded={broken.value}
        onClick={() => (broken.value = !broken.value)}
      >
        {t("ci.broken")}
      </button>
      {broken.value && (
        <button
          type="button"
          class="primary wide"
          data-testid="by-hand-go"
          aria-disabled={chosen.value === null}
          onClick={() => chosen.value && arrive(chosen.value, "manual")}
        >
          {t("ci.here")}
        </button>
      )}
    </>
  );
}

/** Waits a while for a better position; what is recorded then carries its accuracy. */
async function goodFix(): Promise<void> {
  const until = now() + LONGEST_WAIT_MS;
  while (!refused.value && now() < until) {
    if (fix.value && fix.value.accuracy_m <= GOOD_ACCURACY_M) return;
    await new Promise((done) => setTimeout(done, LOOK_MS));
  }
}

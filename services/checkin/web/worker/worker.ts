/** Keeps every file of the app, so that it starts with no network at all. Touches nothing of /v1/. */

const worker = self as unknown as ServiceWorkerGlobalScope;

// The build writes the real list here.
const FILES = "__RONDA_FILES__" as unknown as { version: string; names: string[] };
const PREFIX = "ronda-app-";
const CACHE = PREFIX + FILES.version;
const HOME = "./";

worker.addEventListener("install", (event) => event.waitUntil(keepAll()));
worker.addEventListener("activate", (event) => event.waitUntil(forgetOthers()));
worker.addEventListener("message", (event) => {
  if (event.data === "take over") event.waitUntil(worker.skipWaiting());
});
worker.addEventListener("fetch", (event) => {
  const { request } = event;
  const inside = request.url.startsWith(worker.registration.scope);
  if (request.method === "GET" && inside) event.respondWith(answer(request));
});

async function keepAll(): Promise<void> {
  const cache = await caches.open(CACHE);
  const requests = [HOME, ...FILES.names].map((name) => new Request(name, { cache: "reload" }));
  await cache.addAll(requests);
  // Only the first worker may begin at once; a later one waits until the officer asks for it.
  if (!worker.registration.active) await worker.skipWaiting();
}

async function forgetOthers(): Promise<void> {
  for (const name of await caches.keys()) {
    if (name.startsWith(PREFIX) && name !== CACHE) await caches.delete(name);
  }
  await worker.clients.claim();
}

async function answer(request: Request): Promise<Response> {
  const cache = await caches.open(CACHE);
  const known = await cache.match(request, { ignoreSearch: true });
  // Any other address within the app is the app itself.
  const home = request.mode === "navigate" ? await cache.match(HOME) : undefined;
  return known ?? home ?? fetch(request);
}

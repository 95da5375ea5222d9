/** Reads text files that a person attached, with the bot's token, for the model. What cannot be read is replaced by a note with the reason; nothing here fails a message. */
import { readBoundedText } from "../../core/read-bounded.ts";
import type { SlackApi, SlackSettings } from "./api.ts";
import type { SlackFile } from "./envelope.ts";

const mostFiles = 5;
const mostBytes = 200_000;
const mostRedirects = 3;
/** How long all files of a message may take together. */
const patienceMs = 8_000;
const textual =
  /^(text\/|application\/(json|xml|yaml|x-yaml|javascript|x-sh|toml|sql|csv)|[\w.+-]+\/[\w.+-]+\+(json|xml))/;

/** The text of the files, to be placed after the message; empty without files. */
export async function filesText(files: readonly SlackFile[], api: SlackApi, settings: SlackSettings): Promise<string> {
  const signal = AbortSignal.timeout(patienceMs);
  const texts = await Promise.all(
    files.slice(0, mostFiles).map(async (file) => {
      const title = oneLine(file.name ?? "") || file.id;
      const text = await fileText(file, { api, settings, signal }).catch(() => ({ why: "it could not be fetched" }));
      return "why" in text ? `[File ${title}: ${text.why}]` : `File ${title}:\n\n${fenced(text.text)}`;
    }),
  );
  const more = files.length > mostFiles ? [`[${files.length - mostFiles} more files were not read]`] : [];
  return [...texts, ...more].map((text) => `\n\n${text}`).join("");
}

interface SlackFileAccess {
  api: SlackApi;
  settings: SlackSettings;
  signal: AbortSignal;
}

async function fileText(file: SlackFile, access: SlackFileAccess): Promise<{ text: string } | { why: string }> {
  const whole = file.file_access === "check_file_info" ? await inTime(fileInfo(file, access.api), access.signal) : file;
  const { mimetype, size, url_private_download, url_private } = whole;
  if (!textual.test(mimetype ?? "")) return { why: `${mimetype || "its kind"} cannot be read here` };
  if ((size ?? 0) > mostBytes) return { why: `it has ${size} bytes; at most ${mostBytes} are read` };
  const url = url_private_download ?? url_private;
  if (!url || !isSlacks(url, access.settings)) return { why: "it has no address at Slack" };
  const answer = await fetchFrom(url, access);
  if (answer === undefined) return { why: "Slack sent it on to another host" };
  // The size that Slack names may be missing, or of an earlier version of the file.
  const { text, cut } = await readBoundedText(answer.body, mostBytes);
  if (!answer.ok) return { why: `Slack answered ${answer.status}` };
  // Without files:read Slack answers 200 and its login page (vercel/eve#1437, openclaw#14258).
  const isPage = /^\s*<(!doctype html|html)/i.test(text) || /text\/html/.test(answer.headers.get("Content-Type") ?? "");
  if (isPage && !/html/.test(mimetype ?? ""))
    return { why: "Slack did not let the app read it: add the scope files:read" };
  return { text: cut ? `${text}\n[cut: only the first ${mostBytes} bytes were read]` : text };
}

/** Slack sends files on to another of its hosts; `undefined` where it leads anywhere else. */
async function fetchFrom(first: string, { settings, signal }: SlackFileAccess): Promise<Response | undefined> {
  const headers = { Authorization: `Bearer ${settings.botToken ?? ""}` };
  let url = first;
  for (let hop = 0; hop <= mostRedirects; hop++) {
    if (!isSlacks(url, settings)) return undefined;
    const answer = await fetch(url, { headers, signal, redirect: "manual" });
    const location = answer.headers.get("Location");
    if (answer.status < 300 || answer.status >= 400 || location === null) return answer;
    await answer.body?.cancel();
    if (!URL.canParse(location, url)) return undefined;
    url = new URL(location, url).href;
  }
  return undefined;
}

/** A name that cannot look like more than a name. */
function oneLine(name: string): string {
  return name
    .replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]+/gu, " ")
    .trim()
    .slice(0, 200);
}

/** Rejects when the signal is aborted first. */
function inTime<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  const late = Promise.withResolvers<never>();
  signal.addEventListener("abort", () => late.reject(new Error("too late")), { once: true });
  return Promise.race([work, late.promise]);
}

async function fileInfo({ id }: SlackFile, api: SlackApi): Promise<SlackFile> {
  const { file } = (await api.call("files.info", { file: id })) as { file: SlackFile };
  return file;
}

/** The token goes to Slack and nowhere else. */
function isSlacks(url: string, { apiUrl }: SlackSettings): boolean {
  if (!URL.canParse(url)) return false;
  const { protocol, hostname, origin } = new URL(url);
  if (origin === new URL(apiUrl).origin) return true;
  return protocol === "https:" && /(^|\.)slack(-gov)?\.com$/.test(hostname);
}

/** A fence longer than any in the text. */
function fenced(text: string): string {
  const longest = Math.max(2, ...[...text.matchAll(/`+/g)].map(([ticks]) => ticks.length));
  const fence = "`".repeat(longest + 1);
  return `${fence}\n${text}\n${fence}`;
}

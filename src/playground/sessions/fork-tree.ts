/** Sessions in the order of a tree: each fork after the session it came from. Pure. */
import type { PageSession } from "../shell/shapes.ts";

export interface TreeRow {
  session: PageSession;
  /** 0 for one that is no fork, or whose origin is not in the list. */
  depth: number;
}

/** Keeps the order of the list among those of one origin. */
export function forkTree(sessions: readonly PageSession[]): TreeRow[] {
  const ids = new Set(sessions.map(({ id }) => id));
  const forks = new Map<string, PageSession[]>();
  const roots: PageSession[] = [];
  for (const session of sessions) {
    const origin = session.forked_from?.session;
    if (origin === undefined || origin === session.id || !ids.has(origin)) roots.push(session);
    else forks.set(origin, [...(forks.get(origin) ?? []), session]);
  }
  const rows: TreeRow[] = [];
  const visit = (session: PageSession, depth: number) => {
    rows.push({ session, depth });
    for (const fork of forks.get(session.id) ?? []) visit(fork, depth + 1);
  };
  for (const root of roots) visit(root, 0);
  return rows;
}

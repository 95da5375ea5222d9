/** Tokens of the Slack workspaces that installed the app, by workspace (or organisation). */

const upsert = `INSERT INTO slack_installs (team, bot_token, at) VALUES (?, ?, ?)
  ON CONFLICT (team) DO UPDATE SET bot_token = excluded.bot_token, at = excluded.at`;

export class SlackInstalls {
  readonly #sql: SqlStorage;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
  }

  put(team: string, botToken: string, nowMs: number): void {
    this.#sql.exec(upsert, team, botToken, nowMs);
  }

  tokenOf(team: string): string | undefined {
    const query = "SELECT bot_token FROM slack_installs WHERE team = ?";
    return this.#sql.exec<{ bot_token: string }>(query, team).toArray()[0]?.bot_token;
  }

  remove(team: string): void {
    this.#sql.exec("DELETE FROM slack_installs WHERE team = ?", team);
  }
}

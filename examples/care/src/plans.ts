/**
 * Store of care plans and their tasks, in SQLite. A plan is stored before it is registered with the PDP, and becomes visible when it is.
 *
 * @module
 */
import { chmodSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { z } from 'zod'

const taskSchema = z.object({
  id: z.string(),
  plan: z.string(),
  name: z.string(),
  /** Minutes. */
  effort: z.int(),
  /** RFC 3339. */
  due_at: z.string(),
  /** Grade of risk, set by the ward. */
  risk: z.int(),
  /** RFC 3339; `null` until the task is carried out. */
  done_at: z.string().nullable(),
})
export type Task = z.infer<typeof taskSchema>

const planSchema = z.object({ id: z.string(), owner: z.string(), owner_persona: z.string().nullable() })
export type Plan = z.infer<typeof planSchema>

const SCHEMA = `CREATE TABLE IF NOT EXISTS plan (
    id TEXT PRIMARY KEY, owner TEXT NOT NULL, owner_persona TEXT, registered INTEGER NOT NULL DEFAULT 0
  ) STRICT;
  CREATE TABLE IF NOT EXISTS task (
    id TEXT PRIMARY KEY, plan TEXT NOT NULL REFERENCES plan (id), name TEXT NOT NULL, effort INTEGER NOT NULL,
    due_at TEXT NOT NULL, risk INTEGER NOT NULL, done_at TEXT
  ) STRICT;`

export class PlanStore {
  readonly #db: DatabaseSync

  /** @param folder - Created with mode 0700. */
  constructor(folder: string) {
    mkdirSync(folder, { recursive: true, mode: 0o700 })
    const path = join(folder, 'care.db')
    this.#db = new DatabaseSync(path, { enableForeignKeyConstraints: true })
    chmodSync(path, 0o600)
    this.#db.exec(`PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA secure_delete = ON; ${SCHEMA}`)
  }

  /** Stores a plan as unregistered: no reader sees it yet. */
  add({ id, owner, owner_persona }: Plan, tasks: readonly Task[]): void {
    this.#db.exec('BEGIN IMMEDIATE')
    try {
      this.#db.prepare('INSERT INTO plan (id, owner, owner_persona) VALUES (?, ?, ?)').run(id, owner, owner_persona)
      const insert = this.#db.prepare(
        'INSERT INTO task (id, plan, name, effort, due_at, risk) VALUES (?, ?, ?, ?, ?, ?)',
      )
      for (const task of tasks) insert.run(task.id, id, task.name, task.effort, task.due_at, task.risk)
      this.#db.exec('COMMIT')
    } catch (error) {
      // After a full disk SQLite has rolled back by itself: a ROLLBACK would fail and hide the cause.
      if (this.#db.isTransaction) this.#db.exec('ROLLBACK')
      throw error
    }
  }

  markRegistered(id: string): void {
    this.#db.prepare('UPDATE plan SET registered = 1 WHERE id = ?').run(id)
  }

  /** Plans that a crash or a failure left unregistered. */
  unregistered(): readonly Plan[] {
    return z.array(planSchema).parse(this.#db.prepare('SELECT * FROM plan WHERE registered = 0').all())
  }

  find(id: string): Plan | undefined {
    const row = this.#db.prepare('SELECT * FROM plan WHERE id = ? AND registered = 1').get(id)
    return row && planSchema.parse(row)
  }

  /** Every plan of an owner, registered or not. */
  of(owner: string): readonly Plan[] {
    return z.array(planSchema).parse(this.#db.prepare('SELECT * FROM plan WHERE owner = ?').all(owner))
  }

  /** Deletes a plan with its tasks; `secure_delete` overwrites the bytes (rule E4). */
  forget(id: string): void {
    for (const sql of ['DELETE FROM task WHERE plan = ?', 'DELETE FROM plan WHERE id = ?'])
      this.#db.prepare(sql).run(id)
    this.#db.exec('PRAGMA wal_checkpoint(TRUNCATE)')
  }

  /** Tasks in the order of the plan. */
  tasks(plan: string): readonly Task[] {
    return z.array(taskSchema).parse(this.#db.prepare('SELECT * FROM task WHERE plan = ? ORDER BY rowid').all(plan))
  }

  /** Marks a task as done. @returns `false` when it was done before. */
  carryOut(task: string, at: string): boolean {
    return this.#db.prepare('UPDATE task SET done_at = ? WHERE id = ? AND done_at IS NULL').run(at, task).changes === 1
  }

  check(): void {
    this.#db.prepare('SELECT 1').get()
  }

  close(): void {
    this.#db.close()
  }
}

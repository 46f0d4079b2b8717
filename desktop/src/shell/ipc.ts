/**
 * The channel over Electron's IPC. Only the main frame of our own window, showing our own page, is heard or told anything.
 *
 * @module
 */
import type { IpcMain, IpcMainInvokeEvent, WebContents } from 'electron'
import type { Core } from '../main/host.ts'
import { CALL_CHANNEL, EVENT_CHANNEL, refusal } from '../shared/messages.ts'
import { answerCall, forwardEvents } from './channel.ts'
import { ORIGIN } from './protocol.ts'

export interface IpcDeps {
  readonly ipc: Pick<IpcMain, 'handle'>
  readonly core: Pick<Core, 'call' | 'listen'>
  /** Of the window that there is now, if there is one. */
  readonly contents: () => WebContents | undefined
}

/** Once an app: windows may come and go. */
export function connectIpc({ ipc, core, contents }: IpcDeps): void {
  ipc.handle(CALL_CHANNEL, async (event, message: unknown) => {
    return isOurWindow(event, contents()) ? await answerCall(core, message) : refusal('bad_call')
  })
  forwardEvents(core, (message) => {
    const shown = contents()
    if (shown && !shown.isDestroyed() && shown.mainFrame.origin === ORIGIN) shown.send(EVENT_CHANNEL, message)
  })
}

/** `senderFrame` is `null` once the frame is gone or has navigated: then it is nobody. */
function isOurWindow(
  { sender, senderFrame }: Pick<IpcMainInvokeEvent, 'sender' | 'senderFrame'>,
  contents: WebContents | undefined,
): boolean {
  if (contents === undefined || sender !== contents || senderFrame === null) return false
  return senderFrame === contents.mainFrame && senderFrame.origin === ORIGIN
}

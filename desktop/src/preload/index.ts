/**
 * Preload script: exposes `mandate.call` and `mandate.on` to the window. Runs in Electron's sandbox, bundled into one CommonJS file.
 *
 * @module
 */
import './jitless.ts'
import { contextBridge, type IpcRendererEvent, ipcRenderer } from 'electron'
import { CALL_CHANNEL, EVENT_CHANNEL } from '../shared/messages.ts'
import { createBridge } from './bridge.ts'

// Does not pass Electron's event on: its `sender` would give the window every IPC channel.
const bridge = createBridge({
  send: (message) => ipcRenderer.invoke(CALL_CHANNEL, message),
  listen: (listener) => {
    ipcRenderer.on(EVENT_CHANNEL, (_event: IpcRendererEvent, message: unknown) => listener(message))
  },
})

contextBridge.exposeInMainWorld('mandate', { call: bridge.call, on: bridge.on })

/**
 * The application menu: editing, zoom and windows, needed for keyboard use and accessibility. In development also reload and developer tools.
 *
 * @module
 */
import type { MenuItemConstructorOptions } from 'electron'

/** The application's menu. Developer tools and reload are in it only where the app is not packaged. */
export function menuTemplate(platform: NodeJS.Platform, packaged: boolean): MenuItemConstructorOptions[] {
  const tools: MenuItemConstructorOptions[] = [{ role: 'reload' }, { role: 'toggleDevTools' }, { type: 'separator' }]
  return [
    ...(platform === 'darwin' ? [{ role: 'appMenu' } as const] : []),
    { role: 'editMenu' },
    {
      label: 'View',
      submenu: [
        ...(packaged ? [] : tools),
        { role: 'resetZoom' },
        { role: 'zoomIn' },
        { role: 'zoomOut' },
        { type: 'separator' },
        { role: 'togglefullscreen' },
      ],
    },
    { role: 'windowMenu' },
  ]
}

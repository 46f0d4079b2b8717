/**
 * Where the shared Keycloak tells of ended sessions: one PDP, in the one test that is about it.
 *
 * @module
 */
export const LOGOUT_PORT = 28_181
export const LOGOUT_URL = `http://127.0.0.1:${LOGOUT_PORT}/backchannel-logout`

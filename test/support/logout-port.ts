/**
 * Port to which the shared Keycloak sends back-channel logouts: that of the PDP in the logout test.
 *
 * @module
 */
export const LOGOUT_PORT = 28_181
export const LOGOUT_URL = `http://127.0.0.1:${LOGOUT_PORT}/backchannel-logout`

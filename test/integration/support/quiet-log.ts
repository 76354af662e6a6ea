/** For parts whose log nobody reads. */
export const quietLog = { info: () => {}, warn: () => {}, error: () => {} }

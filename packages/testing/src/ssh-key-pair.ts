import ssh2 from 'ssh2'

/**
 * A fresh Ed25519 pair in OpenSSH's formats. About one in four hundred that ssh2 1.17 makes is
 * malformed (it drops leading zero bytes), which ssh2 itself then refuses to read: those are made again.
 */
export function anSshKeyPair(): { readonly public: string; readonly private: string } {
  for (;;) {
    const pair = ssh2.utils.generateKeyPairSync('ed25519')
    if (!(ssh2.utils.parseKey(pair.private) instanceof Error)) return pair
  }
}

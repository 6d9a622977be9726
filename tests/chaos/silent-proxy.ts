import { createServer, connect as dial, type Socket } from 'node:net';
import { freePort } from '@capplan/runtime';

/** A TCP proxy that can play a peer that is gone without a word. */
export interface SilentProxy {
  port: number;
  /** Swallows from now on what is sent either way; connections stay open, new ones are taken and swallowed too. */
  silence(): void;
  /** New connections pass again; those of before stay dead, as after the death of a machine. */
  heal(): void;
  /** Where new connections lead from now on; those of before are kept, as in a failover without resets. */
  leadTo(port: number): void;
  close(): Promise<void>;
}

export async function startSilentProxy(targetPort: number): Promise<SilentProxy> {
  let target = targetPort;
  let isSilent = false;
  const passing = new Set<{ silent: boolean }>();
  const sockets = new Set<Socket>();
  const keep = (socket: Socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    socket.on('close', () => sockets.delete(socket));
  };
  const server = createServer((client) => {
    keep(client);
    const state = { silent: isSilent };
    passing.add(state);
    const upstream = isSilent ? undefined : dial({ host: '127.0.0.1', port: target });
    if (upstream) keep(upstream);
    const pass = (from: Socket, to: Socket | undefined) => {
      from.on('data', (data) => {
        if (!state.silent) to?.write(data);
      });
      from.on('close', () => {
        if (!state.silent || from === client) to?.destroy();
      });
    };
    pass(client, upstream);
    if (upstream) pass(upstream, client);
    client.on('close', () => passing.delete(state));
  });
  const port = await freePort();
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  return {
    port,
    silence: () => {
      isSilent = true;
      for (const state of passing) state.silent = true;
    },
    heal: () => {
      isSilent = false;
    },
    leadTo: (to) => {
      target = to;
    },
    close: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

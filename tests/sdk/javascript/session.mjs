// A session of ECS Exec through ssm-session, a Session Manager client that knows nothing of KECS: types the lines of
// its arguments, one after each prompt, and prints what the terminal has shown until the channel closes.
import { ssm } from "ssm-session";
import WebSocket from "ws";

const [url, token, prompt, ...lines] = process.argv.slice(2);
const socket = new WebSocket(url);
const decoder = new TextDecoder();
let screen = "";
let seen = 0;

socket.on("open", () => ssm.init(socket, { token, termOptions: { rows: 34, cols: 197 } }));
socket.on("message", (data) => {
  const message = ssm.decode(new Uint8Array(data));
  if (message.messageType === "output_stream_data") {
    ssm.sendACK(socket, message);
    if (message.payloadType !== 1) return;
    screen += decoder.decode(message.payload);
    if (lines.length > 0 && screen.slice(seen).includes(prompt)) {
      seen = screen.length;
      ssm.sendText(socket, new TextEncoder().encode(lines.shift() + "\r"));
    }
  } else if (message.messageType === "channel_closed") {
    socket.close();
  }
});
socket.on("close", () => process.stdout.write(screen));

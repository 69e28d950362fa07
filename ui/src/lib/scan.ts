// Pictures on their way to whoever reads the code in them: any format that the browser knows, made
// small and grey, since a code needs no more.

import { model } from "./model.svelte";

const LARGEST = 1_200; // pixels of the longer side
const PAUSE = 250; // between two looks through the camera

export async function scan(picture: Blob): Promise<string> {
  const bitmap = await createImageBitmap(picture);
  try {
    return await read(bitmap, bitmap.width, bitmap.height);
  } finally {
    bitmap.close();
  }
}

/** Looks through the camera until there is an invite, or nobody looks any more. */
export async function watch(video: HTMLVideoElement, looking: () => boolean): Promise<string | null> {
  const stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment" } });
  try {
    video.srcObject = stream;
    await video.play();
    while (looking()) {
      const found = await read(video, video.videoWidth, video.videoHeight).catch(() => "");
      if (found.toUpperCase().startsWith("COVEY:")) return found;
      await new Promise((done) => setTimeout(done, PAUSE));
    }
    return null;
  } finally {
    for (const track of stream.getTracks()) track.stop();
  }
}

async function read(source: CanvasImageSource, width: number, height: number): Promise<string> {
  const scale = Math.min(1, LARGEST / Math.max(width, height));
  const canvas = new OffscreenCanvas(Math.max(1, width * scale), Math.max(1, height * scale));
  const context = canvas.getContext("2d");
  if (!context) throw new Error("this browser draws nothing");
  context.filter = "grayscale(1)";
  context.drawImage(source, 0, 0, canvas.width, canvas.height);
  return model.scan(await canvas.convertToBlob({ type: "image/png" }));
}

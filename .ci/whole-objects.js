// S3 keeps an object as a whole or not at all; s3rver keeps what it got of a request that broke off. Loaded before it (node --require).
"use strict";

const crypto = require("crypto");
const fs = require("fs");
const path = require("path");
const Store = require("s3rver/lib/stores/filesystem");

let writes = 0;

Store.prototype.putObject = async function (object) {
  const parts = [];
  if (Buffer.isBuffer(object.content)) parts.push(object.content);
  else for await (const part of object.content) parts.push(part); // throws where the request breaks off
  const content = Buffer.concat(parts);
  const file = this.getResourcePath(object.bucket, object.key, "object");
  const unfinished = `${file}.${writes++}`;
  await fs.promises.mkdir(path.dirname(file), { recursive: true });
  await fs.promises.writeFile(unfinished, content);
  await fs.promises.rename(unfinished, file);
  const md5 = crypto.createHash("md5").update(content).digest("hex");
  await this.putMetadata(object.bucket, object.key, object.metadata, md5);
  return { size: content.length, md5 };
};

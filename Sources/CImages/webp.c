#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <webp/decode.h>
#include <webp/demux.h>

#include "CImages.h"

static hpm_image_status refuse(hpm_image *image, const char *message) {
    snprintf(image->message, sizeof image->message, "%s", message);
    hpm_image_free(image);
    return hpm_image_undecodable;
}

static void flatten(uint8_t *rgb, const uint8_t *rgba, size_t count) {
    for (size_t i = 0; i < count; i++) {
        const unsigned alpha = rgba[4 * i + 3];
        for (int c = 0; c < 3; c++) rgb[3 * i + c] = (uint8_t)((rgba[4 * i + c] * alpha + 255 * (255 - alpha) + 127) / 255);
    }
}

static void keep_exif(const WebPDemuxer *demuxer, hpm_image *image) {
    WebPChunkIterator chunk;
    if (!WebPDemuxGetChunk(demuxer, "EXIF", 1, &chunk)) return;
    image->exif = malloc(chunk.chunk.size);
    if (image->exif) {
        memcpy(image->exif, chunk.chunk.bytes, chunk.chunk.size);
        image->exif_count = chunk.chunk.size;
    }
    WebPDemuxReleaseChunkIterator(&chunk);
}

static hpm_image_status decode_still(const WebPData *data, hpm_image *image) {
    uint8_t *rgba = malloc((size_t)image->width * (size_t)image->height * 4);
    if (!rgba) return hpm_image_out_of_memory;
    const int stride = (int)image->width * 4;
    const int decoded = WebPDecodeRGBAInto(data->bytes, data->size, rgba, (size_t)stride * (size_t)image->height, stride) != NULL;
    if (decoded) flatten(image->pixels, rgba, (size_t)image->width * (size_t)image->height);
    free(rgba);
    return decoded ? hpm_image_ok : refuse(image, "its pixels do not decode; the file is corrupt or truncated");
}

static hpm_image_status decode_first_frame(const WebPData *data, hpm_image *image) {
    WebPAnimDecoderOptions options;
    WebPAnimDecoderOptionsInit(&options);
    options.color_mode = MODE_RGBA;
    WebPAnimDecoder *decoder = WebPAnimDecoderNew(data, &options);
    if (!decoder) return refuse(image, "its animation does not decode; the file is corrupt or truncated");
    uint8_t *frame = NULL;
    int timestamp = 0;
    const int decoded = WebPAnimDecoderGetNext(decoder, &frame, &timestamp);
    if (decoded) flatten(image->pixels, frame, (size_t)image->width * (size_t)image->height);
    WebPAnimDecoderDelete(decoder);
    return decoded ? hpm_image_ok : refuse(image, "its first frame does not decode; the file is corrupt or truncated");
}

hpm_image_status hpm_decode_webp(const uint8_t *bytes, size_t count, uint64_t maximum_pixels, hpm_image *image) {
    memset(image, 0, sizeof *image);
    const WebPData data = {bytes, count};
    WebPDemuxer *demuxer = WebPDemux(&data);
    if (!demuxer) return refuse(image, "its structure is broken; the file is corrupt or truncated");
    image->width = WebPDemuxGetI(demuxer, WEBP_FF_CANVAS_WIDTH);
    image->height = WebPDemuxGetI(demuxer, WEBP_FF_CANVAS_HEIGHT);
    const int is_animated = (WebPDemuxGetI(demuxer, WEBP_FF_FORMAT_FLAGS) & ANIMATION_FLAG) != 0;
    hpm_image_status status = hpm_image_ok;
    if (image->width <= 0 || image->height <= 0) {
        status = refuse(image, "it has no canvas");
    } else if ((uint64_t)image->width * (uint64_t)image->height > maximum_pixels) {
        status = hpm_image_too_many_pixels;
    } else {
        image->pixels = malloc((size_t)image->width * (size_t)image->height * 3);
        status = !image->pixels ? hpm_image_out_of_memory : is_animated ? decode_first_frame(&data, image) : decode_still(&data, image);
        if (status == hpm_image_ok) keep_exif(demuxer, image);
        else hpm_image_free(image);
    }
    WebPDemuxDelete(demuxer);
    return status;
}

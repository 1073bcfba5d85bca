#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <turbojpeg.h>

#include "CImages.h"

static hpm_image_status refuse(tjhandle handle, hpm_image *image, hpm_image_status status) {
    if (status == hpm_image_undecodable) snprintf(image->message, sizeof image->message, "%s", tjGetErrorStr2(handle));
    hpm_image_free(image);
    tjDestroy(handle);
    return status;
}

// Inverted CMYK to RGB, in place: c·k/255 and so on.
static void to_rgb(uint8_t *pixels, size_t count) {
    for (size_t i = 0; i < count; i++) {
        const unsigned black = pixels[4 * i + 3];
        for (int c = 0; c < 3; c++) pixels[3 * i + c] = (uint8_t)((pixels[4 * i + c] * black + 127) / 255);
    }
}

// Bytes between segments are harmless and common in old files; every other warning means that pixels are made up. TurboJPEG keeps
// calling it a warning when a fatal error follows one, so the last message decides.
static int is_harmless(tjhandle handle) {
    return tjGetErrorCode(handle) == TJERR_WARNING && strstr(tjGetErrorStr2(handle), "extraneous bytes before marker") != NULL;
}

hpm_image_status hpm_decode_jpeg(const uint8_t *bytes, size_t count, uint64_t maximum_pixels, hpm_image *image) {
    memset(image, 0, sizeof *image);
    tjhandle handle = tjInitDecompress();
    if (!handle) return hpm_image_out_of_memory;
    int width = 0, height = 0, subsampling = 0, space = 0;
    if (tjDecompressHeader3(handle, bytes, count, &width, &height, &subsampling, &space) != 0 && (width <= 0 || height <= 0 || !is_harmless(handle)))
        return refuse(handle, image, hpm_image_undecodable);
    if ((uint64_t)width * (uint64_t)height > maximum_pixels) {
        hpm_image_status status = refuse(handle, image, hpm_image_too_many_pixels);
        image->width = width;
        image->height = height;
        return status;
    }
    const int is_cmyk = space == TJCS_CMYK || space == TJCS_YCCK;
    const int format = is_cmyk ? TJPF_CMYK : TJPF_RGB;
    image->width = width;
    image->height = height;
    image->pixels = malloc((size_t)width * (size_t)height * (is_cmyk ? 4 : 3));
    if (!image->pixels) return refuse(handle, image, hpm_image_out_of_memory);
    if (tjDecompress2(handle, bytes, count, image->pixels, width, 0, height, format, TJFLAG_ACCURATEDCT | TJFLAG_LIMITSCANS) != 0 &&
        !is_harmless(handle))
        return refuse(handle, image, hpm_image_undecodable);
    if (is_cmyk) to_rgb(image->pixels, (size_t)width * (size_t)height);
    tjDestroy(handle);
    return hpm_image_ok;
}

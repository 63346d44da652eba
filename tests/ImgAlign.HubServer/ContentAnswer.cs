using Microsoft.AspNetCore.Http;
using Microsoft.Net.Http.Headers;

namespace ImgAlign.HubServer;

/// <summary>The bytes of a file, or a part of them.</summary>
internal sealed class ContentAnswer(HttpContext context, HostedRepository repository, ContentFault? fault)
{
    private const int Slice = 1 << 16;

    public async Task SendAsync(string path)
    {
        var file = repository.Files.First(file => file.Path == path);
        var content = fault?.OtherSize is { } size ? new byte[size] : file.Content;
        context.Response.Headers.ETag = $"\"{file.Lfs ?? file.Oid}\"";
        context.Response.Headers.AcceptRanges = "bytes";
        if (Range(content.Length) is not { } range)
            return;
        var (from, to) = range;
        context.Response.ContentLength = to - from;
        if (context.Request.Method == HttpMethods.Head)
            return;
        if (fault is null)
            await context.Response.BodyWriter.WriteAsync(content.AsMemory(from, to - from), context.RequestAborted);
        else
            await SendBadlyAsync(content, from, to, fault);
    }

    /// <summary>The bytes to send; null after an answer that the range lies outside.</summary>
    private (int From, int To)? Range(int length)
    {
        var range = context.Request.GetTypedHeaders().Range?.Ranges.First();
        if (range is null || !repository.ServesRanges)
            return (0, length);
        var from = (int)(range.From ?? 0);
        if (from >= length)
        {
            context.Response.StatusCode = StatusCodes.Status416RangeNotSatisfiable;
            context.Response.Headers.ContentRange = $"bytes */{length}";
            return null;
        }
        var to = (int)Math.Min((range.To ?? (length - 1)) + 1, length);
        context.Response.StatusCode = StatusCodes.Status206PartialContent;
        context.Response.GetTypedHeaders().ContentRange = new ContentRangeHeaderValue(from, to - 1, length);
        return (from, to);
    }

    private async Task SendBadlyAsync(byte[] content, int from, int to, ContentFault fault)
    {
        for (var position = from; position < to; position += Slice)
        {
            var slice = content[position..Math.Min(position + Slice, to)];
            if (fault.IsAltered && position == from)
                slice[0]++;
            var sent = position - from;
            if (sent + slice.Length > (fault.BreakAfter ?? fault.StallAfter ?? long.MaxValue))
            {
                await context.Response.Body.WriteAsync(slice.AsMemory(0, (int)((fault.BreakAfter ?? fault.StallAfter)!.Value - sent)));
                await context.Response.Body.FlushAsync();
                if (fault.StallAfter is not null)
                    await Task.Delay(Timeout.Infinite, context.RequestAborted);
                else
                    context.Abort();
                return;
            }
            if (fault.Pause > TimeSpan.Zero)
                await Task.Delay(fault.Pause, context.RequestAborted);
            await context.Response.Body.WriteAsync(slice, context.RequestAborted);
            await context.Response.Body.FlushAsync(context.RequestAborted);
        }
    }
}

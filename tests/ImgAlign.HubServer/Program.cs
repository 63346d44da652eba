using ImgAlign.HubServer;

// Serves the folders FOLDER/owner/name as models, each with one commit, and prints the address of the hub. Ends when its input does.
if (args is not [var folder])
{
    await Console.Error.WriteLineAsync("usage: ImgAlign.HubServer FOLDER");
    return 2;
}

await using var server = await LoopbackHub.StartAsync([.. Directory.GetDirectories(folder).SelectMany(Directory.GetDirectories)
    .Select(Hosted)]);
Console.WriteLine(server.Hub);
await Console.In.ReadToEndAsync();
return 0;

HostedRepository Hosted(string repository)
{
    var name = Path.GetRelativePath(folder, repository).Replace('\\', '/');
    HostedFile[] files = [.. Directory.EnumerateFiles(repository, "*", SearchOption.AllDirectories).Select(path =>
    {
        var inRepository = Path.GetRelativePath(repository, path).Replace('\\', '/');
        return Path.GetExtension(path) is ".json" or ".txt" or ".md" ? HostedFile.Small(inRepository, File.ReadAllText(path))
            : HostedFile.Large(inRepository, File.ReadAllBytes(path));
    })];
    return new HostedRepository { Name = name, Commit = HostedFile.Small(name, name).Oid, Files = files };
}

"""The artifacts and files of the server in ``wandb_server``: what they were called, and the bytes that came."""

import json


class Artifact:
    """One version of an artifact."""

    def __init__(self, given):
        self.type, self.name = given["artifactTypeName"], given["artifactCollectionName"]
        self.aliases = [alias["alias"] for alias in given.get("aliases") or []]
        self.metadata = json.loads(given.get("metadata") or "{}")
        self.files, self.done = {}, False

    def told(self, key):
        """All that a client asks about it."""
        sequence = {"name": self.name, "project": None}
        told = {"id": key, "artifactSequence": sequence, "versionIndex": 0, "artifactType": {"name": self.type}}
        told |= dict.fromkeys(("description", "metadata", "historyStep", "commitHash", "updatedAt"))
        told |= {"ttlDurationSeconds": -2, "ttlIsInherited": True, "tags": [], "state": "COMMITTED", "size": 1}
        return told | {"digest": "d", "fileCount": 1, "createdAt": "2026-01-01T00:00:00Z", "aliases": []}


class Store:
    """All artifacts by their ids, and all files of runs by their names."""

    def __init__(self, server):
        self.server, self.artifacts, self.files = server, {}, {}

    def named(self, name):
        """The versions of an artifact, in order."""
        return [one for one in self.artifacts.values() if one.name == name]

    def take(self, path, data):
        """Bytes sent to an address that was given here."""
        _, place, owner, name = path.split("/", 3)
        if place == "artifact":
            self.artifacts[owner].files[name] = data
        elif place == "file":
            self.files[name] = data

    def answer(self, query, given):
        """The data that GraphQL gives, or None where the question is another."""
        if "createArtifact(" in query:
            key = f"a{len(self.artifacts)}"
            self.artifacts[key] = Artifact(given["input"])
            made = {"id": key, "state": "PENDING", "artifactSequence": {"latestArtifact": None}}
            return {"createArtifact": {"artifact": made}}
        if "createArtifactManifest(" in query:
            return {"createArtifactManifest": {"artifactManifest": self.manifest(given["artifactID"])}}
        if "updateArtifactManifest(" in query:
            return {"updateArtifactManifest": {"artifactManifest": self.manifest(given["artifactManifestID"])}}
        if "createArtifactFiles(" in query:
            asked = given["input"]["artifactFiles"]
            return {"createArtifactFiles": {"files": {"edges": [{"node": self.node(file)} for file in asked]}}}
        if "commitArtifact(" in query:
            self.artifacts[given["artifactID"]].done = True
            return {"commitArtifact": {"artifact": {"id": given["artifactID"], "digest": "d"}}}
        if "artifactType(" in query or "ArtifactType(" in query:
            return {"project": None}
        if "query ArtifactByID" in query:
            return {"artifact": self.artifacts[given["id"]].told(given["id"])}
        return None

    def manifest(self, key):
        """Where the list of an artifact's files is sent."""
        url = f"{self.server.url}/artifact/{key}/manifest.json"
        return {"id": key, "file": {"id": key, "uploadUrl": url, "uploadHeaders": []}}

    def node(self, file):
        """Where a file of an artifact is sent."""
        key, name = file["artifactID"], file["name"]
        sent = {"uploadUrl": f"{self.server.url}/artifact/{key}/{name}", "uploadHeaders": [], "storagePath": name}
        return sent | {"uploadMultipartUrls": None, "artifact": {"id": key}}
